#include "framework/evaluation/two_sample.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

double normal(std::uint64_t seed, std::uint64_t row, std::uint32_t column) {
  const PhiloxBlock words = KeyedRandom(seed, Purpose::initialisation).block(UserKey(row), 0, 0, column);
  return standard_normals(words[0], words[1])[0];
}

/// `size` rows of each sample, of as many units; the first feature of the first one is `shift` higher.
TwoSamples normals(std::size_t size, std::uint32_t width, double shift, std::uint64_t seed) {
  TwoSamples samples;
  for (std::size_t r = 0; r < 2 * size; ++r) {
    std::vector<double> row;
    for (std::uint32_t f = 0; f < width; ++f) row.push_back(normal(seed, r, f) + (r < size && f == 0 ? shift : 0.0));
    samples.add(UserKey(1000 + r), r < size, row);
  }
  return samples;
}

ClassifierOptions quick(std::size_t replicates) {
  ClassifierOptions options;
  options.bootstrap.replicates = replicates;
  return options;
}

TEST(TwoSample, finds_the_area_that_a_shifted_normal_has) {
  const Separation separation = separate(normals(2000, 3, 1.0, 7), quick(200));
  const double truth = normal_cdf(1.0 / std::sqrt(2.0));  // P(N(1, 1) > N(0, 1)) = .760
  EXPECT_NEAR(separation.auc.value, truth, 0.02);
  ASSERT_TRUE(separation.auc.interval.has_value());
  EXPECT_TRUE(separation.auc.interval->contains(truth));
  EXPECT_LT(separation.auc.interval->high - separation.auc.interval->low, 0.06);
  EXPECT_NEAR(separation.alone[0], truth, 0.02);
  EXPECT_NEAR(separation.alone[1], 0.5, 0.03);
  EXPECT_NEAR(separation.null_deviation, std::sqrt(4001.0 / (12.0 * 2000 * 2000)), 1e-15);
}

TEST(TwoSample, seldom_tells_two_samples_of_one_law_apart) {
  constexpr int k_trials = 200;
  int told_apart = 0;
  double sum = 0;
  for (std::uint64_t trial = 0; trial < k_trials; ++trial) {
    const Separation separation = separate(normals(60, 5, 0.0, 100 + trial), quick(200));
    sum += separation.auc.value;
    told_apart += separation.auc.interval->low > 0.5 ? 1 : 0;  // one side of a 95 % interval
  }
  EXPECT_NEAR(sum / k_trials, 0.5, 0.02);
  EXPECT_LE(told_apart, k_trials * 0.05 + 3 * std::sqrt(k_trials * 0.05 * 0.95));
}

TEST(TwoSample, keeps_the_rows_of_a_unit_together) {
  // A person and an equal twin have one score if neither was fitted: then every fold has each score once per sample.
  TwoSamples samples;
  for (std::uint64_t u = 0; u < 53; ++u) {
    const std::vector<double> row = {normal(3, u, 0), normal(3, u, 1)};
    samples.add(UserKey(u), true, row);
    samples.add(UserKey(u), false, row);
  }
  const Separation separation = separate(samples, quick(50));
  EXPECT_DOUBLE_EQ(separation.auc.value, 0.5);
  EXPECT_DOUBLE_EQ(separation.auc.interval->low, 0.5);
  EXPECT_DOUBLE_EQ(separation.auc.interval->high, 0.5);
}

TEST(TwoSample, tells_apart_what_differs_always) {
  const Separation separation = separate(normals(40, 2, 50.0, 9), quick(100));
  EXPECT_EQ(separation.auc.value, 1.0);
  EXPECT_EQ(separation.auc.interval->low, 1.0);
}

TEST(TwoSample, does_not_depend_on_the_order_of_rows) {
  const TwoSamples samples = normals(40, 3, 0.7, 11);
  TwoSamples backwards;
  for (std::size_t r = samples.labels.size(); r-- > 0;) {
    backwards.add(samples.units[r], samples.labels[r] != 0, std::span(samples.features).subspan(r * 3, 3));
  }
  const Separation a = separate(samples, quick(100)), b = separate(backwards, quick(100));
  EXPECT_NEAR(a.auc.value, b.auc.value, 1e-12);
  EXPECT_NEAR(a.auc.interval->low, b.auc.interval->low, 1e-12);
}

TEST(TwoSample, refuses_too_few_units_and_uneven_rows) {
  EXPECT_THROW(separate(normals(2, 2, 0.0, 1)), DataError);
  TwoSamples samples;
  samples.add(UserKey(1), true, std::vector<double>{1.0, 2.0});
  EXPECT_THROW(samples.add(UserKey(2), false, std::vector<double>{1.0}), DataError);
}

}  // namespace
}  // namespace coldframe
