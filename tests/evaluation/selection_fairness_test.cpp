#include "framework/evaluation/selection_fairness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

std::vector<std::uint8_t> bytes(const nlohmann::json& values) { return values.get<std::vector<std::uint8_t>>(); }
std::vector<std::uint32_t> words(const nlohmann::json& values) { return values.get<std::vector<std::uint32_t>>(); }

TEST(SelectionFairness, groups_without_a_rate_are_listed_and_not_counted) {
  // a: TPR 1/2, FPR 1/2; b: no positives; c: TPR 1, FPR 0.
  const std::vector<DecisionCounts> groups = {{4, 2, 2, 1}, {2, 1, 0, 0}, {2, 1, 1, 1}};
  const RateGap hits = rate_gap(groups, Rate::true_positive);
  EXPECT_DOUBLE_EQ(*hits.difference, 0.5);
  EXPECT_DOUBLE_EQ(*hits.ratio, 0.5);
  EXPECT_EQ(hits.without_rate, std::vector<std::size_t>{1});
  EXPECT_DOUBLE_EQ(*rate_gap(groups, Rate::false_positive).difference, 0.5);
  EXPECT_DOUBLE_EQ(*equalised_odds_difference(groups), 0.5);
  // Fairlearn counts b as TPR 0.
  EXPECT_DOUBLE_EQ(fairlearn_difference(groups, Rate::true_positive), 1.0);
  EXPECT_FALSE(rate_gap(std::vector<DecisionCounts>{groups[0]}, Rate::selection).difference);
}

TEST(SelectionFairness, agrees_with_fairlearn_digit_for_digit) {
  const nlohmann::json decisions_cases = testing::golden("fairness")["decisions"];
  ASSERT_FALSE(decisions_cases.empty());
  for (const auto& one : decisions_cases) {
    const auto counts = decision_counts(bytes(one["positive"]), bytes(one["selected"]), words(one["group"]),
                                        one["groups"].get<std::size_t>());
    for (const auto& [name, against] :
         {std::pair{"between_groups", Against::each_other}, std::pair{"to_overall", Against::overall}}) {
      const auto& expected = one[name];
      const auto near = [&](const char* key, double found) {
        EXPECT_NEAR(found, expected[key].get<double>(), 1e-12) << name << ' ' << key;
      };
      near("demographic_parity_difference", fairlearn_difference(counts, Rate::selection, against));
      near("demographic_parity_ratio", fairlearn_ratio(counts, Rate::selection, against));
      near("equal_opportunity_difference", fairlearn_difference(counts, Rate::true_positive, against));
      near("equal_opportunity_ratio", fairlearn_ratio(counts, Rate::true_positive, against));
      near("odds_difference_worst", fairlearn_equalized_odds_difference(counts, against));
      near("odds_difference_mean", fairlearn_equalized_odds_difference(counts, against, OddsMean::mean));
      near("odds_ratio_worst", fairlearn_equalized_odds_ratio(counts, against));
      near("odds_ratio_mean", fairlearn_equalized_odds_ratio(counts, against, OddsMean::mean));
    }
  }
}

TEST(SelectionFairness, agrees_with_aif360_digit_for_digit) {
  const nlohmann::json aif360_cases = testing::golden("fairness")["aif360"];
  ASSERT_FALSE(aif360_cases.empty());
  for (const auto& one : aif360_cases) {
    const auto y = bytes(one["positive"]), chosen = bytes(one["selected"]);
    const auto counts = decision_counts(y, chosen, words(one["group"]), 2);
    const auto near = [&](const char* key, double found) { EXPECT_NEAR(found, one[key].get<double>(), 1e-12) << key; };
    near("statistical_parity_difference", aif360_statistical_parity_difference(counts[0], counts[1]));
    near("disparate_impact", aif360_disparate_impact(counts[0], counts[1]));
    near("equal_opportunity_difference", aif360_equal_opportunity_difference(counts[0], counts[1]));
    near("average_odds_difference", aif360_average_odds_difference(counts[0], counts[1]));
    near("average_abs_odds_difference", aif360_average_abs_odds_difference(counts[0], counts[1]));
    near("smoothed_edf", aif360_smoothed_differential_fairness(decision_counts(y, chosen, words(one["three"]), 3)));
  }
}

TEST(SelectionFairness, aif360_has_no_number_for_a_group_without_positives) {
  EXPECT_TRUE(std::isnan(aif360_equal_opportunity_difference({2, 1, 0, 0}, {2, 1, 1, 1})));
}

TEST(SelectionFairness, refuses_unequal_columns_and_unknown_groups) {
  const std::vector<std::uint8_t> one = {1}, two = {1, 0};
  EXPECT_THROW(decision_counts(one, two, std::vector<std::uint32_t>{0}, 1), DataError);
  EXPECT_THROW(decision_counts(one, one, std::vector<std::uint32_t>{1}, 1), DataError);
}

}  // namespace
}  // namespace coldframe
