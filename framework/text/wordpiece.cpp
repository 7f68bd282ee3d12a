#include "framework/text/wordpiece.h"

namespace coldframe {
namespace {

PieceTrie continuing_pieces(const std::vector<std::pair<std::string, TokenId>>& vocabulary, std::string_view prefix) {
  std::vector<std::pair<std::string_view, TokenId>> pieces;
  for (const auto& [token, id] : vocabulary) {
    if (token.starts_with(prefix)) pieces.emplace_back(std::string_view(token).substr(prefix.size()), id);
  }
  return PieceTrie(std::move(pieces));
}

}  // namespace

WordPiece::WordPiece(const std::vector<std::pair<std::string, TokenId>>& vocabulary, std::string_view continuing_prefix,
                     TokenId unknown, std::size_t max_chars_per_word)
    : first_({vocabulary.begin(), vocabulary.end()}),
      continuing_(continuing_pieces(vocabulary, continuing_prefix)),
      unknown_(unknown),
      max_chars_per_word_(max_chars_per_word) {}

void WordPiece::append(std::string_view word, std::size_t chars, std::vector<TokenId>& ids) const {
  if (chars > max_chars_per_word_) {
    ids.push_back(unknown_);
    return;
  }
  const std::size_t before = ids.size();
  const PieceTrie* pieces = &first_;
  while (!word.empty()) {
    const auto match = pieces->longest_prefix(word);
    if (!match) {
      ids.resize(before);
      ids.push_back(unknown_);
      return;
    }
    ids.push_back(match->value);
    word.remove_prefix(match->length);
    pieces = &continuing_;
  }
}

}  // namespace coldframe
