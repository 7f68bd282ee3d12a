#include "framework/evaluation/bootstrap.h"

#include <gtest/gtest.h>

#include <limits>

#include "framework/core/error.h"
#include "framework/evaluation/bca.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

std::vector<UserKey> keys(std::size_t count) {
  std::vector<UserKey> users;
  for (std::size_t u = 0; u < count; ++u) users.emplace_back(1000 + 17 * u);
  return users;
}

PairedBootstrap resampled(const std::vector<UserKey>& users, const std::vector<std::vector<double>>& columns,
                          const BootstrapOptions& options, std::size_t first = 0, std::size_t step = 1) {
  PairedBootstrap bootstrap(columns.size(), options);
  for (std::size_t u = first; u < users.size(); u += step) {
    std::vector<double> values;
    for (const auto& column : columns) values.push_back(column[u]);
    bootstrap.add(users[u], values);
  }
  return bootstrap;
}

std::vector<double> uneven(std::size_t count, double scale) {
  std::vector<double> values;
  for (std::size_t u = 0; u < count; ++u) values.push_back(scale * static_cast<double>((u * u) % 31) / 30.0);
  return values;
}

void expect_same(const Estimate& a, const Estimate& b) {
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.standard_error, b.standard_error);
  ASSERT_EQ(a.interval.has_value(), b.interval.has_value());
  if (a.interval) {
    EXPECT_EQ(a.interval->low, b.interval->low);
    EXPECT_EQ(a.interval->high, b.interval->high);
  }
}

TEST(PairedBootstrap, agrees_with_numpy_including_the_keyed_weights) {
  const auto golden = testing::golden("evaluation")["bootstrap"];
  std::vector<UserKey> users;
  for (const auto& key : golden["users"]) users.emplace_back(std::stoull(key.get<std::string>()));
  const auto a = golden["a"].get<std::vector<double>>();
  const auto b = golden["b"].get<std::vector<double>>();
  const BootstrapOptions options{golden["replicates"].get<std::size_t>(), 0.95, golden["seed"].get<std::uint64_t>()};
  const PairedBootstrap bootstrap = resampled(users, {a, b}, options);
  const auto expect = [&](const Estimate& estimate, const std::string& name) {
    ASSERT_TRUE(estimate.interval) << name;
    EXPECT_NEAR(estimate.standard_error, golden[name]["se"].get<double>(), 1e-12) << name;
    EXPECT_NEAR(estimate.interval->low, golden[name]["low"].get<double>(), 1e-12) << name;
    EXPECT_NEAR(estimate.interval->high, golden[name]["high"].get<double>(), 1e-12) << name;
  };
  expect(bootstrap.mean(0), "mean_a");
  expect(bootstrap.difference(1, 0), "difference");
  expect(bootstrap.contrast(std::vector<double>{-1, 1}), "difference");
  expect(bootstrap.ratio(1, 0), "ratio");
  const auto bca = bca_interval(users, a, {}, options);
  ASSERT_TRUE(bca);
  EXPECT_NEAR(bca->low, golden["bca_mean_a"][0].get<double>(), 1e-9);
  EXPECT_NEAR(bca->high, golden["bca_mean_a"][1].get<double>(), 1e-9);
  const auto bca_ratio = bca_interval(users, b, a, options);
  ASSERT_TRUE(bca_ratio);
  EXPECT_NEAR(bca_ratio->low, golden["bca_ratio"][0].get<double>(), 1e-9);
  EXPECT_NEAR(bca_ratio->high, golden["bca_ratio"][1].get<double>(), 1e-9);
}

TEST(PairedBootstrap, shards_in_any_order_give_the_bits_of_the_whole) {
  const auto users = keys(101);
  const std::vector<std::vector<double>> columns = {uneven(101, 1.0), uneven(101, 0.37)};
  const BootstrapOptions options{500, 0.95, 3};
  const PairedBootstrap whole = resampled(users, columns, options);
  PairedBootstrap merged = resampled(users, columns, options, 2, 3);
  merged.merge(resampled(users, columns, options, 0, 3));
  merged.merge_state(resampled(users, columns, options, 1, 3).state());
  EXPECT_EQ(merged.users(), 101u);
  EXPECT_EQ(merged.state(), whole.state());
  expect_same(merged.mean(0), whole.mean(0));
  expect_same(merged.difference(0, 1), whole.difference(0, 1));
  expect_same(merged.ratio(0, 1), whole.ratio(0, 1));
}

TEST(PairedBootstrap, identical_rows_differ_by_exactly_zero) {
  const auto users = keys(50);
  const PairedBootstrap bootstrap = resampled(users, {uneven(50, 1.0), uneven(50, 1.0)}, {});
  const Estimate difference = bootstrap.difference(0, 1);
  EXPECT_EQ(difference.value, 0.0);
  ASSERT_TRUE(difference.interval);
  EXPECT_EQ(difference.interval->low, 0.0);
  EXPECT_EQ(difference.interval->high, 0.0);
  EXPECT_TRUE(difference.interval->contains(0.0)) << "no winner";
  EXPECT_DOUBLE_EQ(bootstrap.ratio(0, 1).value, 1.0);
}

TEST(PairedBootstrap, ratios_of_the_same_users_are_compared_within_each_replicate) {
  const auto users = keys(80);
  const auto pages = uneven(80, 3.0);
  auto twice = uneven(80, 1.0);
  for (std::size_t u = 0; u < 80; ++u) twice[u] = 2 * pages[u] + (u % 5 == 0 ? 0.1 : 0.0);
  const PairedBootstrap bootstrap = resampled(users, {pages, uneven(80, 1.0), twice}, {300, 0.9, 5});
  const Estimate difference = bootstrap.ratio_difference({2, 0}, {1, 0});
  EXPECT_DOUBLE_EQ(difference.value, bootstrap.ratio(2, 0).value - bootstrap.ratio(1, 0).value);
  // uneven(80, 1) is a third of the pages, so the second ratio never moves.
  EXPECT_NEAR(bootstrap.ratio(1, 0).standard_error, 0, 1e-6);
  EXPECT_NEAR(difference.standard_error, bootstrap.ratio(2, 0).standard_error, 1e-6);
  EXPECT_GT(difference.standard_error, 1e-4);
  EXPECT_EQ(bootstrap.ratio_difference({2, 0}, {2, 0}).standard_error, 0.0);
}

TEST(PairedBootstrap, pairing_makes_the_difference_of_correlated_rows_sharp) {
  const auto users = keys(200);
  auto lifted = uneven(200, 1.0);
  for (double& value : lifted) value += 0.01;
  const PairedBootstrap bootstrap = resampled(users, {lifted, uneven(200, 1.0)}, {});
  EXPECT_NEAR(bootstrap.difference(0, 1).interval->low, 0.01, 1e-9);
  EXPECT_GT(bootstrap.mean(0).interval->low, 0.0);
  EXPECT_GT(bootstrap.mean(0).standard_error, 0.01);
}

TEST(PairedBootstrap, weights_have_mean_and_variance_one_and_depend_on_the_user_key_alone) {
  const KeyedRandom random(1, Purpose::bootstrap);
  std::vector<std::uint8_t> weights(40'001), again(10);
  fill_bootstrap_weights(random, UserKey(5), weights);
  fill_bootstrap_weights(random, UserKey(5), again);
  EXPECT_TRUE(std::equal(again.begin(), again.end(), weights.begin())) << "more replicates must not change the first";
  double sum = 0, squares = 0;
  for (const std::uint8_t weight : weights) {
    sum += weight;
    squares += weight * weight;
  }
  const auto n = static_cast<double>(weights.size());
  EXPECT_NEAR(sum / n, 1.0, 0.02);
  EXPECT_NEAR(squares / n - (sum / n) * (sum / n), 1.0, 0.04);
}

TEST(PairedBootstrap, undefined_intervals_are_said_to_be_so) {
  EXPECT_FALSE(PairedBootstrap(1, {}).mean(0).interval) << "no users";
  PairedBootstrap one(2, {});
  one.add(UserKey(1), std::vector<double>{1, 0});
  const Estimate mean = one.mean(0);  // the only user is missing from e^-1 of the replicates
  EXPECT_EQ(mean.value, 1.0);
  EXPECT_FALSE(mean.interval);
  EXPECT_NEAR(static_cast<double>(mean.undefined_replicates), 2000 * 0.3679, 110);
  EXPECT_FALSE(one.ratio(0, 1).interval) << "a denominator of 0";
}

TEST(PairedBootstrap, refuses_nan_wrong_columns_and_foreign_shards) {
  PairedBootstrap bootstrap(2, {200, 0.95, 1});
  EXPECT_THROW(bootstrap.add(UserKey(1), std::vector<double>{1}), DataError);
  EXPECT_THROW(bootstrap.add(UserKey(1), std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()}),
               NumericError);
  EXPECT_EQ(bootstrap.users(), 0u);
  EXPECT_EQ(bootstrap.state(), PairedBootstrap(2, {200, 0.95, 1}).state()) << "a refused user must leave no trace";
  EXPECT_THROW(bootstrap.merge(PairedBootstrap(2, {200, 0.95, 2})), DataError);
  EXPECT_THROW(bootstrap.merge(PairedBootstrap(1, {200, 0.95, 1})), DataError);
  EXPECT_THROW(bootstrap.merge_state(std::vector<std::uint64_t>{1, 2}), DataError);
  EXPECT_THROW(PairedBootstrap(1, {1, 0.95, 1}), ConfigError);
  EXPECT_THROW(PairedBootstrap(1, {200, 1.0, 1}), ConfigError);
}

TEST(BcaInterval, is_undefined_for_constant_differences) {
  const auto users = keys(40);
  EXPECT_FALSE(bca_interval(users, std::vector<double>(40, 0.0), {}, {}));
  EXPECT_FALSE(bca_interval({}, {}, {}, {}));
}

TEST(SortedQuantile, is_linear_between_order_statistics) {
  const std::vector<double> values = {1, 2, 4};
  EXPECT_EQ(sorted_quantile(values, 0.0), 1);
  EXPECT_EQ(sorted_quantile(values, 0.75), 3);
  EXPECT_EQ(sorted_quantile(values, 1.0), 4);
}

}  // namespace
}  // namespace coldframe
