#pragma once

#include <cstdint>
#include <string>

namespace coldframe::detail {

// The character properties behind the BERT tokenizer. `tokenizers` takes them from tables of different Unicode
// versions; ICU knows the version that introduced a character, so its answers are cut back to the table in question,
// and the few characters whose category changed later are listed. Compared for every code point in
// tests/text/bert_characters_test.cpp.

/// Removed by clean_text: NUL, U+FFFD, and Cc, Cf, Co of Unicode 8 except tab, line feed and carriage return.
bool is_removed_control(char32_t c);
/// White_Space.
bool is_white_space(char32_t c);
/// ASCII punctuation and symbols, and P* of Unicode 8.
bool is_punctuation(char32_t c);
/// The CJK ideograph blocks as BERT lists them.
bool is_cjk_ideograph(char32_t c);
/// Mn of Unicode 8: what strip_accents removes.
bool is_non_spacing_mark(char32_t c);
/// A word character of Unicode regular expressions (UTS 18, \w).
bool is_word_character(char32_t c);
/// Canonical combining class of the normalisation tables.
std::uint8_t combining_class(char32_t c);
/// Full canonical decomposition, appended.
void append_decomposition(char32_t c, std::u32string& out);
/// Full lower-case mapping of one character, appended.
void append_lowercase(char32_t c, std::u32string& out);

}  // namespace coldframe::detail
