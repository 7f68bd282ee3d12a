#include "framework/evaluation/variance_reduction.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "framework/core/error.h"

namespace coldframe {
namespace {

TEST(VarianceReduction, by_hand) {
  // Closed forms of the reference 1, 2, 3 (variance 2/3), of the other 2, 3, 5 (14/9): apart 20/9. Differences 1, 1, 2:
  // 2/9. Sampled differences 1, -1, 3: mean 1, variance 8/3.
  VarianceReduction sums(2, 0);
  const std::array<std::array<double, 2>, 3> closed = {{{1, 2}, {2, 3}, {3, 5}}}, sampled = {{{1, 2}, {3, 2}, {0, 3}}};
  for (std::size_t u = 0; u < 3; ++u) sums.add(sampled[u], closed[u]);
  const VarianceReduction::Factors factors = sums.factors(1);
  EXPECT_NEAR(*factors.pairing, 10.0, 1e-12);
  EXPECT_NEAR(*factors.closed_form, 12.0, 1e-12);
  EXPECT_FALSE(sums.factors(0).pairing.has_value());
}

TEST(VarianceReduction, habits_that_cost_users_are_below_1) {
  // Rates that move against each other: x and -x differ by more than two independent ones would.
  VarianceReduction sums(2, 1);
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (int u = 0; u < 20000; ++u) {
    const double x = normal(random);
    const std::array<double, 2> closed = {x, -x}, sampled = {0.5 * x, -0.5 * x};
    sums.add(sampled, closed);
  }
  EXPECT_NEAR(*sums.factors(0).pairing, 0.5, 1e-9);       // 2 Var / 4 Var
  EXPECT_NEAR(*sums.factors(0).closed_form, 0.25, 1e-9);  // Var(x) / Var(2 x)
}

TEST(VarianceReduction, parts_add_up_to_the_bits_of_the_whole_in_any_order) {
  VarianceReduction whole(3, 2), first(3, 2), second(3, 2);
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform;
  for (int u = 0; u < 100; ++u) {
    const std::array<double, 3> closed = {uniform(random), uniform(random), uniform(random)},
                                sampled = {uniform(random), uniform(random), uniform(random)};
    whole.add(sampled, closed);
    (u % 3 == 0 ? first : second).add(sampled, closed);
  }
  second.merge_state(first.state());
  EXPECT_EQ(second.state(), whole.state());
  EXPECT_THROW(whole.merge_state(VarianceReduction(2, 0).state()), DataError);
  EXPECT_THROW(VarianceReduction(2, 2), DataError);
}

TEST(VarianceReduction, no_factor_where_all_users_differ_by_the_same) {
  VarianceReduction sums(2, 0);
  EXPECT_FALSE(sums.factors(1).pairing.has_value());
  for (int u = 0; u < 5; ++u) {
    const std::array<double, 2> rates = {0.1 * u, 0.1 * u + 0.25};
    sums.add(rates, rates);
  }
  EXPECT_FALSE(sums.factors(1).pairing.has_value());
  EXPECT_FALSE(sums.factors(1).closed_form.has_value());
}

TEST(VarianceReduction, clicks_that_never_differ_say_nothing_about_sampling) {
  VarianceReduction sums(2, 0);
  for (int u = 0; u < 5; ++u) {
    const std::array<double, 2> sampled = {0.5, 0.5}, closed = {0.1 * u, 0.2 * u};
    sums.add(sampled, closed);
  }
  EXPECT_TRUE(sums.factors(1).pairing.has_value());
  EXPECT_FALSE(sums.factors(1).closed_form.has_value());
}

}  // namespace
}  // namespace coldframe
