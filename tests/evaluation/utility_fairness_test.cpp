#include "framework/evaluation/utility_fairness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(UtilityFairness, level_gap_and_tail_of_a_case_worked_by_hand) {
  // F: .2, .4 (mean .3); M: .6, .8 (mean .7); X: one user with 1, too small for any gap.
  const std::vector<double> values = {0.2, 0.6, 0.4, 0.8, 1.0};
  const Groups groups("gender", std::vector<std::string>{"F", "M", "F", "M", "X"});
  const UtilityFairness fairness = utility_fairness(values, groups, {.gap = 2, .shown = 2});
  EXPECT_DOUBLE_EQ(fairness.mean, 0.6);
  ASSERT_TRUE(fairness.gap);
  EXPECT_NEAR(*fairness.gap, 0.4, 1e-15);
  EXPECT_EQ(groups.label(*fairness.worst), "F");
  EXPECT_EQ(groups.label(*fairness.best), "M") << "a group that is too small must not make the gap";
  EXPECT_NEAR(fairness.groups[0].standard_error, 0.1, 1e-15);  // sd .1414 / sqrt(2)
  EXPECT_EQ(fairness.groups[2].size, GroupSize::too_few);
  EXPECT_DOUBLE_EQ(fairness.worst_tenth, 0.2);
}

TEST(UtilityFairness, one_group_of_enough_users_has_no_gap) {
  const Groups groups("gender", std::vector<std::string>{"F", "F", "M"});
  EXPECT_FALSE(utility_fairness(std::vector<double>{1, 0, 1}, groups, {.gap = 2, .shown = 1}).gap);
  EXPECT_THROW(utility_fairness(std::vector<double>{1, 0}, groups), DataError);
}

TEST(LowerTailMean, counts_the_last_value_by_its_part) {
  // A quarter of 6 users is 1.5 users: (1 * 0 + .5 * 1) / 1.5.
  EXPECT_DOUBLE_EQ(lower_tail_mean(std::vector<double>{5, 4, 3, 2, 1, 0}, 0.25), 0.5 / 1.5);
  EXPECT_DOUBLE_EQ(lower_tail_mean(std::vector<double>{3, 1}, 1.0), 2.0);
  EXPECT_EQ(lower_tail_mean({}), 0.0);
  EXPECT_THROW(lower_tail_mean(std::vector<double>{1}, 0.0), ConfigError);
}

TEST(GiniOf, runs_from_equality_to_one_winner_and_refuses_negative_values) {
  EXPECT_NEAR(gini_of(std::vector<double>{2, 2, 2}), 0.0, 1e-15);
  EXPECT_DOUBLE_EQ(gini_of(std::vector<double>{0, 0, 0, 8}), 0.75);  // (n - 1) / n
  EXPECT_EQ(gini_of(std::vector<double>{0, 0}), 0.0);
  EXPECT_THROW(gini_of(std::vector<double>{1, -1}), NumericError);
}

TEST(UtilityFairness, agrees_with_pairwise_definitions_in_any_order_of_users) {
  const nlohmann::json inequality_cases = testing::golden("fairness")["inequality"];
  ASSERT_FALSE(inequality_cases.empty());
  for (const auto& one : inequality_cases) {
    auto utility = one["utility"].get<std::vector<double>>();
    const double gini = gini_of(utility), tail = lower_tail_mean(utility);
    EXPECT_NEAR(gini, one["gini"].get<double>(), 1e-12);
    EXPECT_NEAR(tail, one["worst_tenth"].get<double>(), 1e-12);
    std::reverse(utility.begin(), utility.end());
    EXPECT_EQ(gini_of(utility), gini);
    EXPECT_EQ(lower_tail_mean(utility), tail);
  }
}

}  // namespace
}  // namespace coldframe
