#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace coldframe {

// Where a text may be cut, by Unicode's segmentation rules (UAX 29, ICU). Texts are valid UTF-8; DataError otherwise.

/// A word within a text, in bytes.
struct WordSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool letters = false;  // false: a number
};

/// Words and numbers in order; what stands between them is white space and punctuation.
std::vector<WordSpan> words_of(std::string_view text);

/// Byte offsets at which what a reader sees as one character begins, then the length of the text: an accent, a joined
/// emoji or a flag is never torn.
std::vector<std::size_t> grapheme_bounds(std::string_view text);

}  // namespace coldframe
