#include "framework/text/typing_error.h"

#include <gtest/gtest.h>

#include <string>

namespace coldframe {
namespace {

constexpr std::uint32_t k_first = 0, k_last = 0xFFFFFFFFu;

TEST(TypingError, each_kind_on_a_word) {
  EXPECT_EQ(mistyped("film", TypingError::neighbour, k_first, k_first), "rilm");
  EXPECT_EQ(mistyped("Film", TypingError::neighbour, k_first, k_first), "Rilm");
  EXPECT_EQ(mistyped("film", TypingError::swap, k_first, k_first), "iflm");
  EXPECT_EQ(mistyped("film", TypingError::swap, k_last, k_first), "fiml");
  EXPECT_EQ(mistyped("film", TypingError::drop, k_last, k_first), "fil");
  EXPECT_EQ(mistyped("film", TypingError::insert, k_last, k_first), "filmn");
}

TEST(TypingError, an_error_without_effect_becomes_an_insert) {
  EXPECT_EQ(mistyped("aa", TypingError::swap, k_first, k_first), "aqa");
  EXPECT_EQ(mistyped("a", TypingError::drop, k_first, k_first), "aq");
  EXPECT_EQ(mistyped("ж", TypingError::neighbour, k_first, k_first), "жж");
  EXPECT_EQ(mistyped("", TypingError::insert, k_first, k_first), "");
}

TEST(TypingError, characters_of_several_code_points_stay_whole) {
  EXPECT_EQ(mistyped("e\u0301a", TypingError::swap, k_first, k_first), "ae\u0301");
  EXPECT_EQ(mistyped("e\u0301a", TypingError::drop, k_first, k_first), "a");
  EXPECT_EQ(mistyped("e\u0301", TypingError::insert, k_first, k_first), "e\u0301e\u0301");
}

TEST(TypingError, neighbourhood_on_the_keyboard_is_mutual) {
  for (char key = 'a'; key <= 'z'; ++key) {
    EXPECT_FALSE(qwerty_neighbours(key).empty()) << key;
    for (const char other : qwerty_neighbours(key)) {
      EXPECT_NE(other, key);
      EXPECT_NE(qwerty_neighbours(other).find(key), std::string_view::npos) << key << " and " << other;
    }
  }
  EXPECT_TRUE(qwerty_neighbours('1').empty());
}

}  // namespace
}  // namespace coldframe
