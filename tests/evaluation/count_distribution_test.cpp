#include "framework/evaluation/count_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace coldframe {
namespace {

CountDistribution of(const std::vector<std::size_t>& counts) {
  CountDistribution out;
  for (const std::size_t count : counts) out.add(count);
  return out;
}

TEST(CountDistribution, distance_is_the_largest_gap_between_cumulative_shares) {
  // Shares up to 0, 1, 2, 5: 1/4, 2/4, 4/4, 4/4 against 0, 1/2, 1/2, 1.
  EXPECT_DOUBLE_EQ(ks_distance(of({0, 1, 2, 2}), of({1, 5})), 0.5);
  EXPECT_DOUBLE_EQ(ks_distance(of({1, 5}), of({0, 1, 2, 2})), 0.5);
  EXPECT_EQ(ks_distance(of({3, 3}), of({3})), 0.0);
  EXPECT_EQ(ks_distance(of({0}), of({7})), 1.0);
  EXPECT_TRUE(std::isnan(ks_distance(of({}), of({1}))));
}

TEST(CountDistribution, weights_and_parts_add_up) {
  CountDistribution weighted;
  weighted.add(1, 0.5);
  weighted.add(3, 1.5);
  EXPECT_EQ(weighted.total(), 2.0);
  EXPECT_EQ(weighted.mean(), 2.5);
  EXPECT_FALSE(weighted.constant());
  EXPECT_EQ(ks_distance(weighted, of({1, 3, 3, 3})), 0.0);
  CountDistribution both = of({1});
  both.add(of({3, 3, 3}));
  EXPECT_EQ(ks_distance(weighted, both), 0.0);
  EXPECT_TRUE(of({2, 2}).constant());
}

TEST(CountDistribution, quantiles_turn_uniform_numbers_into_draws) {
  const CountDistribution law = of({1, 3, 3, 6});
  EXPECT_EQ(law.quantile(0.0), 1u);
  EXPECT_EQ(law.quantile(0.2499), 1u);
  EXPECT_EQ(law.quantile(0.25), 3u);
  EXPECT_EQ(law.quantile(0.7499), 3u);
  EXPECT_EQ(law.quantile(0.75), 6u);
  EXPECT_EQ(law.quantile(0.9999), 6u);
}

}  // namespace
}  // namespace coldframe
