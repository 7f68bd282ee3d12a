#include "framework/evaluation/ranking_stability.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

TEST(RankingStability, worked_example) {
  // A = 1 2 3, B = 2 1 4: overlaps 0, 2, 2 at depths 1, 2, 3; p = .5.
  const auto a = items_of({1, 2, 3}), b = items_of({2, 1, 4});
  EXPECT_DOUBLE_EQ(rbo(a, b, 0.5), 0.5 * (0.0 + 0.5 * 1.0 + 0.25 * 2.0 / 3.0));
  EXPECT_DOUBLE_EQ(rbo_extrapolated(a, b, 0.5), 0.5 * (0.5 + 0.25 * 2.0 / 3.0) + 0.125 * 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(jaccard(a, b), 0.5);
}

TEST(RankingStability, equal_lists_are_at_the_top_and_cut_lists_never_reach_one) {
  const auto list = items_of({5, 3, 9, 1});
  EXPECT_EQ(jaccard(list, list), 1.0);
  EXPECT_DOUBLE_EQ(rbo(list, list, 0.9), 1.0 - std::pow(0.9, 4));
  EXPECT_DOUBLE_EQ(rbo_extrapolated(list, list, 0.9), 1.0);
  EXPECT_EQ(*kendall_tau_of_lists(list, list), 1.0);
  const auto other = items_of({2, 4, 6, 8});
  EXPECT_EQ(jaccard(list, other), 0.0);
  EXPECT_EQ(rbo_extrapolated(list, other), 0.0);
  EXPECT_EQ(jaccard({}, {}), 1.0);
  EXPECT_EQ(rbo_extrapolated({}, {}), 1.0);
  EXPECT_EQ(rbo_extrapolated(list, {}), 0.0);
}

TEST(RankingStability, a_change_at_the_top_weighs_more_than_one_at_the_end) {
  const auto list = items_of({1, 2, 3, 4, 5}), top = items_of({2, 1, 3, 4, 5}), end = items_of({1, 2, 3, 5, 4});
  EXPECT_LT(rbo_extrapolated(list, top), rbo_extrapolated(list, end));
  EXPECT_EQ(jaccard(list, top), jaccard(list, end));
  EXPECT_EQ(*kendall_tau_of_lists(list, top), *kendall_tau_of_lists(list, end));
}

TEST(RankingStability, agrees_with_rbo_and_scipy) {
  const nlohmann::json stability_cases = testing::golden("fairness")["stability"];
  ASSERT_FALSE(stability_cases.empty());
  for (const auto& one : stability_cases) {
    const auto a = testing::items_in(one["a"]), b = testing::items_in(one["b"]);
    const double p = one["p"].get<double>();
    EXPECT_NEAR(rbo(a, b, p), one["rbo"].get<double>(), 1e-12);
    EXPECT_NEAR(rbo_extrapolated(a, b, p), one["rbo_ext"].get<double>(), 1e-12);
    EXPECT_NEAR(rbo_extrapolated(b, a, p), one["rbo_ext"].get<double>(), 1e-12);
    EXPECT_DOUBLE_EQ(jaccard(a, b), one["jaccard"].get<double>());
    EXPECT_NEAR(*kendall_tau_of_lists(a, b), one["kendall"].get<double>(), 1e-12);
  }
  const nlohmann::json kendall_cases = testing::golden("fairness")["kendall"];
  ASSERT_FALSE(kendall_cases.empty());
  for (const auto& one : kendall_cases) {
    const auto a = one["a"].get<std::vector<double>>(), b = one["b"].get<std::vector<double>>();
    EXPECT_NEAR(*kendall_tau(a, b), one["tau"].get<double>(), 1e-12);
  }
}

TEST(RankingStability, refuses_repeats_bad_persistence_and_constant_scores) {
  EXPECT_THROW(jaccard(items_of({1, 1}), items_of({1})), DataError);
  EXPECT_THROW(rbo(items_of({1}), items_of({2, 2})), DataError);
  EXPECT_THROW(rbo(items_of({1}), items_of({1}), 1.0), ConfigError);
  EXPECT_FALSE(kendall_tau(std::vector<double>{1, 1}, std::vector<double>{1, 2}));
  EXPECT_FALSE(kendall_tau(std::vector<double>{1}, std::vector<double>{1}));
  EXPECT_THROW(kendall_tau(std::vector<double>{1, 2}, std::vector<double>{1}), DataError);
}

}  // namespace
}  // namespace coldframe
