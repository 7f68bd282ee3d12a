#include "framework/evaluation/order_agreement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

double normal(std::uint64_t seed, std::uint64_t row, std::uint32_t column) {
  const PhiloxBlock words = KeyedRandom(seed, Purpose::initialisation).block(UserKey(row), 0, 0, column);
  return standard_normals(words[0], words[1])[0];
}

/// Policy p is worth means[p] on average to `users` users, noise of the given size apart.
PolicyValues side(const std::vector<double>& means, std::size_t users, double noise, std::uint64_t seed) {
  PolicyValues values;
  for (std::size_t u = 0; u < users; ++u) values.users.emplace_back(seed * 100'000 + u);
  for (std::uint32_t p = 0; p < means.size(); ++p) {
    values.values.emplace_back();
    for (std::size_t u = 0; u < users; ++u) values.values.back().push_back(means[p] + noise * normal(seed, u, p));
  }
  return values;
}

OrderOptions quick() {
  OrderOptions options;
  options.bootstrap.replicates = 200;
  options.permutations = 4999;
  options.halvings = 50;
  return options;
}

TEST(OrderAgreement, is_kendalls_tau_of_the_means) {
  // Of 6 pairs one is exchanged: (5 - 1) / 6.
  const OrderAgreement agreement =
      order_agreement(side({1, 2, 3, 4}, 20, 0.0, 1), side({10, 30, 20, 40}, 30, 0.0, 2), quick());
  EXPECT_NEAR(agreement.tau.value, 4.0 / 6.0, 1e-12);
  EXPECT_EQ(agreement.policies, 4u);
  EXPECT_NEAR(agreement.of_halves, 1.0, 1e-12);
  EXPECT_NEAR(agreement.tau.interval->low, 4.0 / 6.0, 1e-12);  // without noise no user changes the order
}

TEST(OrderAgreement, has_the_null_of_permuted_policies) {
  // All 24 orders of 4 policies are as likely: tau = 1 has one of them.
  const PolicyValues values = side({1, 2, 3, 4}, 20, 0.0, 1);
  const OrderAgreement same = order_agreement(values, values, quick());
  EXPECT_EQ(same.tau.value, 1.0);
  EXPECT_NEAR(same.p_value, 1.0 / 24.0, 4 * std::sqrt(1.0 / 24.0 / 4999));
  const OrderAgreement reversed = order_agreement(values, side({4, 3, 2, 1}, 20, 0.0, 2), quick());
  EXPECT_EQ(reversed.tau.value, -1.0);
  EXPECT_EQ(reversed.p_value, 1.0);
  EXPECT_EQ(reversed.null.low, -1.0);
  EXPECT_EQ(reversed.null.high, 1.0);
}

TEST(OrderAgreement, finds_nothing_between_orders_that_have_nothing_to_do_with_each_other) {
  constexpr int k_trials = 200;
  OrderOptions options = quick();
  options.bootstrap.replicates = 2;
  options.permutations = 199;
  options.halvings = 0;
  int found = 0;
  double sum = 0;
  for (std::uint64_t trial = 0; trial < k_trials; ++trial) {
    const std::vector<double> equal(12, 1.0);
    const OrderAgreement agreement =
        order_agreement(side(equal, 10, 1.0, 500 + 2 * trial), side(equal, 10, 1.0, 501 + 2 * trial), options);
    sum += agreement.tau.value;
    found += agreement.p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_LE(found, k_trials * 0.05 + 3 * std::sqrt(k_trials * 0.05 * 0.95));
  EXPECT_GE(found, 1);
  EXPECT_NEAR(sum / k_trials, 0.0, 0.06);  // sd of one: sqrt(2 (2 12 + 5) / (9 12 11)) = .22
}

TEST(OrderAgreement, of_few_users_is_uncertain_and_halves_say_how_much_can_be_asked) {
  std::vector<double> close;
  for (int p = 0; p < 12; ++p) close.push_back(0.05 * p);
  const OrderAgreement few = order_agreement(side(close, 40, 1.0, 3), side(close, 40, 1.0, 4), quick());
  const OrderAgreement many = order_agreement(side(close, 4000, 1.0, 5), side(close, 4000, 1.0, 6), quick());
  EXPECT_GT(many.tau.value, 0.85);
  EXPECT_GT(many.of_halves, few.of_halves + 0.2);
  EXPECT_LT(many.tau.interval->high - many.tau.interval->low, few.tau.interval->high - few.tau.interval->low);
  EXPECT_LE(many.p_value, 0.001);
}

TEST(OrderAgreement, refuses_what_has_no_order) {
  EXPECT_THROW(order_agreement(side({1, 2}, 5, 0, 1), side({1, 2}, 5, 0, 2)), DataError);
  EXPECT_THROW(order_agreement(side({1, 2, 3}, 5, 0, 1), side({1, 2, 3, 4}, 5, 0, 2)), DataError);
  PolicyValues uneven = side({1, 2, 3}, 5, 0, 1);
  uneven.values.back().pop_back();
  EXPECT_THROW(order_agreement(uneven, side({1, 2, 3}, 5, 0, 2)), DataError);
  const OrderAgreement equal = order_agreement(side({1, 1, 1}, 5, 0, 1), side({1, 2, 3}, 5, 0, 2), quick());
  EXPECT_TRUE(std::isnan(equal.tau.value));
  EXPECT_FALSE(equal.tau.interval.has_value());
}

}  // namespace
}  // namespace coldframe
