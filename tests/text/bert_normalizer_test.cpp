#include "framework/text/bert_normalizer.h"

#include <gtest/gtest.h>

#include "framework/core/utf8.h"
#include "tests/text/golden_texts.h"

namespace coldframe {
namespace {

using namespace std::string_view_literals;

TEST(BertNormalizer, lowercases_and_strips_accents_when_uncased) {
  const BertNormalizer uncased({});
  EXPECT_EQ(uncased.normalize("Crème BRÛLÉE, Ångström"), "creme brulee, angstrom");
  EXPECT_EQ(uncased.normalize("İstanbul Straße"), "istanbul straße");
  EXPECT_EQ(uncased.normalize("ΣΊΣΥΦΟΣ"), "σισυφοσ");  // no final sigma: characters are mapped alone
}

TEST(BertNormalizer, keeps_case_and_accents_when_cased) {
  const BertNormalizer cased({.lowercase = false});
  EXPECT_EQ(cased.normalize("Crème BRÛLÉE"), "Crème BRÛLÉE");
}

TEST(BertNormalizer, strips_accents_independently_of_case_when_told_so) {
  EXPECT_EQ(BertNormalizer({.strip_accents = true, .lowercase = false}).normalize("Crème"), "Creme");
  EXPECT_EQ(BertNormalizer({.strip_accents = false, .lowercase = true}).normalize("CRÈME İ"), "crème i\u0307");
}

TEST(BertNormalizer, removes_control_characters_and_unifies_white_space) {
  const BertNormalizer uncased({});
  EXPECT_EQ(uncased.normalize("a\tb\r\nc\u00a0d\u3000e"), "a b  c d e");
  EXPECT_EQ(uncased.normalize("a\0b\x7f"
                              "c\u200b\u200d\ufeff\u0085\vd\ue000"sv),
            "abcd");
}

TEST(BertNormalizer, leaves_control_characters_when_not_cleaning) {
  const BertNormalizer raw(
      {.clean_text = false, .handle_chinese_chars = false, .strip_accents = false, .lowercase = false});
  const std::string_view text = "a\0\t\u200b\u00a0中É"sv;
  EXPECT_EQ(raw.normalize(text), text);
}

TEST(BertNormalizer, puts_blanks_around_ideographs_but_not_around_kana) {
  const BertNormalizer uncased({});
  EXPECT_EQ(uncased.normalize("ab東京かな𠀀"), "ab 東  京 かな 𠀀 ");
}

TEST(BertNormalizer, orders_marks_before_it_strips_them) {
  // U+302E (class 224) and U+1D165 (216) are spacing marks and stay: the lower class comes first.
  EXPECT_EQ(BertNormalizer({}).normalize("a\u302e\u0301\U0001d165"), "a\U0001d165\u302e");
  EXPECT_EQ(BertNormalizer({}).normalize("\u302e\U0001d165"), "\U0001d165\u302e");
}

TEST(BertNormalizer, takes_ill_formed_bytes_for_replacement_characters) {
  EXPECT_EQ(BertNormalizer({}).normalize("a\xff\xe2\x82"
                                         "b\xc3"),
            "ab");
  const BertNormalizer raw({.clean_text = false});
  EXPECT_EQ(raw.normalize("a\xff\xe2\x82"
                          "b"),
            "a\ufffd\ufffdb");
}

TEST(BertNormalizer, changes_nothing_the_second_time) {
  const BertNormalizer uncased({.handle_chinese_chars = false});
  for (const std::string& line : testing::golden_lines()) {
    const std::string once = uncased.normalize(line);
    ASSERT_EQ(uncased.normalize(once), once) << line;
    ASSERT_FALSE(find_invalid_utf8(once)) << line;
  }
}

}  // namespace
}  // namespace coldframe
