#include "framework/text/foreign_words.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace coldframe {
namespace {

TEST(InChinese, translates_known_words_in_any_case_and_spells_others) {
  EXPECT_EQ(in_chinese("Student"), "学生");
  EXPECT_EQ(in_chinese("a"), "一个");
  EXPECT_EQ(in_chinese("young"), "年轻");
  EXPECT_EQ(in_chinese("abc"), "诶比西");
  EXPECT_EQ(in_chinese("24"), "24");
  EXPECT_EQ(in_chinese("драма"), "драма");
}

TEST(OutOfDomainWord, reaches_every_word) {
  std::set<std::string_view> words;
  for (std::uint64_t w = 0; w < 48; ++w)
    words.insert(out_of_domain_word(static_cast<std::uint32_t>((w << 32) / 48 + 1)));
  EXPECT_EQ(words.size(), 48u);
}

}  // namespace
}  // namespace coldframe
