#include "framework/evaluation/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(Distributions, agree_with_scipy) {
  const auto golden = testing::golden("evaluation")["distributions"];
  const auto close = [](double value, double expected) {
    EXPECT_NEAR(value, expected, 1e-10 * (1.0 + std::abs(expected)));
  };
  for (const auto& row : golden["normal_quantile"]) close(normal_quantile(row[0]), row[1]);
  for (const auto& row : golden["normal_cdf"]) close(normal_cdf(row[0]), row[1]);
  for (const auto& row : golden["t_cdf"]) close(student_t_cdf(row[0], row[1]), row[2]);
  for (const auto& row : golden["t_quantile"]) {
    // A quantile far out in the upper tail is only as sharp as 1 - p is as a double.
    const double expected = row[2];
    EXPECT_NEAR(student_t_quantile(row[0], row[1]) / (expected == 0.0 ? 1.0 : expected), expected == 0.0 ? 0.0 : 1.0,
                1e-7)
        << row;
  }
}

TEST(Distributions, ends_and_known_values) {
  EXPECT_NEAR(student_t_quantile(0.975, 4), 2.776, 5e-4);
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  EXPECT_EQ(normal_quantile(0.0), -INFINITY);
  EXPECT_EQ(student_t_quantile(1.0, 3), INFINITY);
}

}  // namespace
}  // namespace coldframe
