#include "framework/text/bert_characters.h"

#include <gtest/gtest.h>

#include <fstream>

#include "framework/core/hash.h"
#include "framework/text/bert_normalizer.h"
#include "tests/text/golden_texts.h"

namespace coldframe {
namespace {

void append_utf8(char32_t c, std::string& out) {
  const auto byte = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 63));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 63));
    byte(0x80 | (c & 63));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 63));
    byte(0x80 | ((c >> 6) & 63));
    byte(0x80 | (c & 63));
  }
}

std::string around(std::string_view before, char32_t c, std::string_view after) {
  std::string text(before);
  append_utf8(c, text);
  return text.append(after);
}

/// How the splitter cuts "a?b", words joined by the record separator, as the golden script writes it.
std::string words_around(char32_t c) {
  if (detail::is_white_space(c))
    return "a\x1e"
           "b";
  if (detail::is_punctuation(c))
    return around("a\x1e", c,
                  "\x1e"
                  "b");
  return around("a", c, "b");
}

TEST(BertCharacters, agree_with_tokenizers_for_every_code_point) {
  const BertNormalizer uncased({});
  const BertNormalizer cased({.lowercase = false});
  std::ifstream golden(testing::golden_folder() / "characters.txt");
  for (char32_t first = 0; first < 0x110000; first += 1024) {
    std::string rows;
    for (char32_t c = first; c < first + 1024; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      const std::string text = around("a", c, "b");
      rows += uncased.normalize(text) + "\x1f" + cased.normalize(text) + "\x1f" +
              uncased.normalize(around("\u302e", c, "\U0001d165")) + "\x1f" + words_around(c) + "\n";
    }
    std::string expected;
    ASSERT_TRUE(std::getline(golden, expected));
    EXPECT_EQ(sha256_hex(rows).substr(0, 16), expected) << "code points from " << std::hex << std::uint32_t{first};
  }
}

TEST(BertCharacters, keep_the_categories_of_the_old_tables) {
  EXPECT_TRUE(detail::is_punctuation(0x166D));        // a symbol since Unicode 12
  EXPECT_TRUE(detail::is_non_spacing_mark(0x1734));   // a spacing mark since Unicode 14
  EXPECT_FALSE(detail::is_non_spacing_mark(0x1885));  // a letter before Unicode 9
  EXPECT_FALSE(detail::is_non_spacing_mark(0x08D4));  // new in Unicode 9
  EXPECT_FALSE(detail::is_punctuation(0x2E44));       // new in Unicode 9
}

TEST(BertCharacters, word_characters_are_those_of_regular_expressions) {
  for (const char32_t c : {U'a', U'Z', U'7', U'_', U'é', U'ж', U'中', U'\u0301', U'\u200d', U'ⅷ', U'‿'}) {
    EXPECT_TRUE(detail::is_word_character(c)) << std::uint32_t{c};
  }
  for (const char32_t c : {U' ', U'-', U'.', U'€', U'½', U'\u200b', U'👍'}) {
    EXPECT_FALSE(detail::is_word_character(c)) << std::uint32_t{c};
  }
}

}  // namespace
}  // namespace coldframe
