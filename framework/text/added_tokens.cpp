#include "framework/text/added_tokens.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <set>

#include "framework/core/error.h"
#include "framework/text/bert_characters.h"

namespace coldframe {
namespace {

using CharacterTest = bool (*)(char32_t);

/// Where the code point that ends at `end` begins, if it passes the test; else `end`.
std::size_t step_back(std::string_view text, std::size_t end, CharacterTest test) {
  if (end == 0) return end;
  const std::size_t window = std::min<std::size_t>(end, U8_MAX_LENGTH);
  const std::string_view last = text.substr(end - window, window);
  auto i = static_cast<std::int32_t>(window);
  UChar32 c = 0;
  U8_PREV_OR_FFFD(last.data(), 0, i, c);
  return test(static_cast<char32_t>(c)) ? end - window + static_cast<std::size_t>(i) : end;
}

/// Where the code point that begins at `begin` ends, if it passes the test; else `begin`.
std::size_t step_forward(std::string_view text, std::size_t begin, CharacterTest test) {
  if (begin == text.size()) return begin;
  std::size_t i = begin;
  UChar32 c = 0;
  U8_NEXT_OR_FFFD(text.data(), i, text.size(), c);
  return test(static_cast<char32_t>(c)) ? i : begin;
}

template <class Step>
std::size_t skip_white_space(std::string_view text, std::size_t position, Step step) {
  for (;;) {
    const std::size_t next = step(text, position, detail::is_white_space);
    if (next == position) return position;
    position = next;
  }
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return step_back(text, begin, detail::is_word_character) == begin &&
         step_forward(text, end, detail::is_word_character) == end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::set<std::string_view> seen;
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    if (token.content.empty()) {
      throw DataError(fmt::format("added token {} is empty", token.id), "after normalisation nothing of it is left",
                      "remove it from the tokenizer");
    }
    if (!seen.insert(token.content).second) {
      throw DataError(fmt::format("added token \"{}\" stands twice", token.content),
                      "normalisation may have made two tokens equal", "remove one of them from the tokenizer");
    }
    entries.emplace_back(token.content, static_cast<std::int32_t>(i));
  }
  trie_ = PieceTrie(std::move(entries));
}

std::vector<TextPiece> AddedTokens::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size() && !tokens_.empty();) {
    const auto match = trie_.longest_prefix(text.substr(i));
    if (!match) {
      ++i;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(match->value)];
    std::size_t begin = i;
    std::size_t end = i + match->length;
    i = end;
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip) begin = std::max(skip_white_space(text, begin, step_back), done);
    if (token.rstrip) end = skip_white_space(text, end, step_forward);
    if (done < begin) pieces.push_back({text.substr(done, begin - done), std::nullopt});
    pieces.push_back({text.substr(begin, end - begin), token.id});
    done = end;
  }
  if (done < text.size()) pieces.push_back({text.substr(done), std::nullopt});
  return pieces;
}

}  // namespace coldframe
