#include "framework/evaluation/rating_fairness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(RatingFairness, agrees_with_the_formulas_of_yao_and_huang_in_any_order) {
  const nlohmann::json rating_cases = testing::golden("fairness")["rating"];
  ASSERT_FALSE(rating_cases.empty());
  for (const auto& one : rating_cases) {
    std::vector<RatedPair> pairs;
    for (std::size_t p = 0; p < one["item"].size(); ++p) {
      pairs.push_back({one["item"][p].get<std::uint32_t>(), one["group"][p].get<std::uint8_t>(),
                       one["predicted"][p].get<double>(), one["rating"][p].get<double>()});
    }
    const auto found = rating_unfairness(pairs, ScoreScale::calibrated);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->items, one["items"].get<std::size_t>());
    EXPECT_GE(found->items_left_out, 1u);
    EXPECT_NEAR(found->value, one["value"].get<double>(), 1e-12);
    EXPECT_NEAR(found->absolute, one["absolute"].get<double>(), 1e-12);
    EXPECT_NEAR(found->under, one["under"].get<double>(), 1e-12);
    EXPECT_NEAR(found->over, one["over"].get<double>(), 1e-12);
    EXPECT_NEAR(found->non_parity, one["non_parity"].get<double>(), 1e-12);
    std::reverse(pairs.begin(), pairs.end());
    EXPECT_EQ(rating_unfairness(pairs, ScoreScale::calibrated)->value, found->value);
  }
}

TEST(RatingFairness, is_not_applicable_to_cosines_and_without_an_item_both_have_rated) {
  const std::vector<RatedPair> both = {{0, 1, 3, 4}, {0, 0, 3, 5}};
  EXPECT_FALSE(rating_unfairness(both, ScoreScale::uncalibrated));
  EXPECT_DOUBLE_EQ(rating_unfairness(both, ScoreScale::calibrated)->value, 1.0);
  EXPECT_FALSE(rating_unfairness(std::vector<RatedPair>{{0, 1, 3, 4}, {1, 0, 3, 5}}, ScoreScale::calibrated));
}

}  // namespace
}  // namespace coldframe
