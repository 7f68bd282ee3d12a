#include "framework/text/single_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/core/utf8.h"
#include "framework/text/text_noise.h"

namespace coldframe {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(SingleEdits, of_two_letters_are_counted_by_hand) {
  // a: keys q w s z; b: keys v g h n. 8 replaced, 1 swapped, 2 lost, 8 hit as well.
  const std::vector<std::string> edits = single_edits("ab");
  EXPECT_EQ(edits.size(), 19u);
  for (const char* edit : {"qb", "ag", "ba", "a", "b", "azb", "abn"}) EXPECT_THAT(edits, Contains(edit));
  // The swap changes nothing, and losing either letter is the same.
  EXPECT_EQ(single_edits("aa").size(), 17u);
  EXPECT_EQ(single_edits("A"), (std::vector<std::string>{"Q", "W", "S", "Z", "AQ", "AW", "AS", "AZ"}));
}

TEST(SingleEdits, leave_numbers_and_what_stands_between_words) {
  EXPECT_TRUE(single_edits("49 ... 7!").empty());
  EXPECT_TRUE(single_edits("").empty());
  for (const std::string& edit : single_edits("A 49 year old")) {
    EXPECT_NE(edit.find(" 49 "), std::string::npos) << edit;
    EXPECT_NE(edit, "A 49 year old");
  }
}

TEST(SingleEdits, keep_characters_whole) {
  const std::vector<std::string> edits = single_edits("e\u0301t \u0436");
  EXPECT_THAT(edits, Contains("te\u0301 \u0436"));
  EXPECT_THAT(edits, Contains("t \u0436"));
  EXPECT_THAT(edits, Contains("e\u0301e\u0301t \u0436"));
  EXPECT_THAT(edits, Contains("e\u0301t \u0436\u0436"));
  for (const std::string& edit : edits) EXPECT_FALSE(find_invalid_utf8(edit)) << edit;
}

TEST(SingleEdits, hold_every_typo_of_one_word) {
  const TextNoiser noiser;
  std::set<std::string> met;
  for (const std::string text : {"woman", "Léon", "aab", "x", "naïve"}) {
    const std::vector<std::string> edits = single_edits(text);
    const std::set<std::string> all(edits.begin(), edits.end());
    EXPECT_EQ(all.size(), edits.size()) << "each once";
    for (std::uint32_t draw = 0; draw < 2000; ++draw) {
      const std::string typo = noiser.apply(TextNoise::typos, 1.0, text, {1, UserKey(3), draw}).text;
      EXPECT_TRUE(all.contains(typo)) << text << " -> " << typo;
      met.insert(typo);
    }
    for (const std::string& edit : edits) EXPECT_TRUE(met.contains(edit)) << "no typo makes " << edit << " of " << text;
  }
}

}  // namespace
}  // namespace coldframe
