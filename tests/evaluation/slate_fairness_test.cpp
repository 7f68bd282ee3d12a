#include "framework/evaluation/slate_fairness.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

TEST(SlateParity, looks_at_what_fills_the_slots) {
  // Items 0, 1 drama, 2 comedy, 3 both. F: slates {0, 1}, {0, 2}; M: {2, 3}.
  const ItemGroups genres = ItemGroups::make(
      "genre", std::vector<std::vector<std::string>>{{"drama"}, {"drama"}, {"comedy"}, {"drama", "comedy", "drama"}});
  ASSERT_EQ(genres.labels, (std::vector<std::string>{"comedy", "drama"}));
  EXPECT_EQ(genres.members(0), items_of({2, 3}));
  const auto a = items_of({0, 1}), b = items_of({0, 2}), c = items_of({2, 3});
  const std::vector<ServedUser> users = {{a, 4, 2, 1}, {c, 3, 1, 1}, {b, 4, 1, 0}};
  const Groups gender("gender", std::vector<std::string>{"F", "M", "F"});
  const auto parity = slate_parity(users, gender, genres, {.gap = 1, .shown = 1});
  EXPECT_DOUBLE_EQ(*parity[0].shares[0], 0.25);
  EXPECT_DOUBLE_EQ(*parity[0].shares[1], 1.0);
  EXPECT_DOUBLE_EQ(*parity[0].largest_difference, 0.75);
  EXPECT_DOUBLE_EQ(*parity[1].largest_difference, 0.25);  // F .75, M .5
  EXPECT_FALSE(slate_parity(users, gender, genres, {.gap = 2, .shown = 1})[0].largest_difference);
  const auto decisions = slate_decisions(users, gender);
  EXPECT_DOUBLE_EQ(*decisions[0].true_positive_rate(), 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(*decisions[0].false_positive_rate(), 3.0 / 5.0);
  EXPECT_DOUBLE_EQ(*equalised_odds_difference(decisions), 2.0 / 3.0);
  EXPECT_THROW(slate_decisions(std::span(users).first(2), gender), DataError);
}

}  // namespace
}  // namespace coldframe
