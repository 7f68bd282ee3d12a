#include "framework/text/single_edits.h"

#include <unordered_set>

#include "framework/text/text_spans.h"
#include "framework/text/typing_error.h"

namespace coldframe {
namespace {

/// The keys beside a character in its case; empty for one whose key is not known.
std::vector<std::string> keys_beside(std::string_view character) {
  if (character.size() != 1) return {};
  const char c = character[0];
  const bool capital = c >= 'A' && c <= 'Z';
  std::vector<std::string> keys;
  for (const char key : qwerty_neighbours(capital ? static_cast<char>(c - 'A' + 'a') : c)) {
    keys.emplace_back(1, capital ? static_cast<char>(key - 'a' + 'A') : key);
  }
  return keys;
}

class Edits {
 public:
  explicit Edits(std::string_view text) : text_(text) { seen_.insert(std::string(text)); }

  void add_word(const WordSpan& span) {
    const std::string_view word = text_.substr(span.begin, span.end - span.begin);
    const std::vector<std::size_t> bounds = grapheme_bounds(word);
    const std::size_t characters = bounds.size() - 1;
    const auto character = [&](std::size_t c) { return word.substr(bounds[c], bounds[c + 1] - bounds[c]); };
    for (std::size_t c = 0; c < characters; ++c) {
      const std::size_t begin = span.begin + bounds[c], end = span.begin + bounds[c + 1];
      const std::string own(character(c));
      const std::vector<std::string> keys = keys_beside(own);
      for (const std::string& key : keys) replace(begin, end, key);
      if (c + 1 < characters) replace(begin, span.begin + bounds[c + 2], std::string(character(c + 1)) + own);
      if (characters > 1) replace(begin, end, "");
      for (const std::string& key : keys) replace(begin, end, own + key);
      if (keys.empty()) replace(begin, end, own + own);
    }
  }
  std::vector<std::string> take() { return std::move(edits_); }

 private:
  void replace(std::size_t begin, std::size_t end, const std::string& by) {
    std::string edited(text_.substr(0, begin));
    edited += by;
    edited += text_.substr(end);
    if (seen_.insert(edited).second) edits_.push_back(std::move(edited));
  }

  std::string_view text_;
  std::unordered_set<std::string> seen_;
  std::vector<std::string> edits_;
};

}  // namespace

std::vector<std::string> single_edits(std::string_view text) {
  Edits edits(text);
  for (const WordSpan& span : words_of(text)) {
    if (span.letters) edits.add_word(span);
  }
  return edits.take();
}

}  // namespace coldframe
