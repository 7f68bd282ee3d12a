#include "framework/text/text_spans.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

TEST(WordsOf, finds_words_and_numbers_and_nothing_between) {
  const std::string_view text = "A 24 year-old, père!";
  const auto words = words_of(text);
  ASSERT_EQ(words.size(), 5u);
  EXPECT_EQ(text.substr(words[1].begin, words[1].end - words[1].begin), "24");
  EXPECT_FALSE(words[1].letters);
  EXPECT_EQ(text.substr(words[4].begin, words[4].end - words[4].begin), "père");
  EXPECT_TRUE(words[4].letters);
  EXPECT_TRUE(words_of("").empty());
  EXPECT_TRUE(words_of(" ... !").empty());
}

TEST(GraphemeBounds, count_what_a_reader_sees) {
  EXPECT_EQ(grapheme_bounds("ab"), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(grapheme_bounds("e\u0301x"), (std::vector<std::size_t>{0, 3, 4}));
  EXPECT_EQ(grapheme_bounds("🇩🇪👍🏽").size(), 3u);
  EXPECT_EQ(grapheme_bounds(""), (std::vector<std::size_t>{0}));
}

TEST(TextSpans, refuse_what_is_not_utf8) {
  EXPECT_THROW(words_of("a\xFF"), DataError);
  EXPECT_THROW(grapheme_bounds("\xE4\xB8"), DataError);
}

}  // namespace
}  // namespace coldframe
