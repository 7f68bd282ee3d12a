#include "framework/evaluation/crossed_interval.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/distributions.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(CrossedEstimate, agrees_with_numpy_and_scipy) {
  const auto golden = testing::golden("evaluation")["crossed"];
  const CrossedEstimate estimate =
      crossed_estimate(golden["table"].get<std::vector<double>>(), golden["rows"].get<std::size_t>());
  EXPECT_NEAR(estimate.mean, golden["mean"].get<double>(), 1e-12);
  EXPECT_NEAR(estimate.standard_error, golden["se"].get<double>(), 1e-12);
  EXPECT_NEAR(estimate.degrees, golden["degrees"].get<double>(), 1e-9);
  EXPECT_NEAR(estimate.interval(0.95).low, golden["low"].get<double>(), 1e-9);
  EXPECT_NEAR(estimate.interval(0.95).high, golden["high"].get<double>(), 1e-9);
  EXPECT_NEAR(estimate.p_value(), golden["p"].get<double>(), 1e-9);
}

TEST(CrossedEstimate, seeds_alone_give_the_ordinary_t_interval) {
  // Mean 3, sd sqrt(2.5), se sqrt(.5), 4 degrees: half width 2.776 x .7071.
  const CrossedEstimate estimate = crossed_estimate(std::vector<double>{1, 2, 3, 4, 5}, 5);
  EXPECT_DOUBLE_EQ(estimate.degrees, 4.0);
  EXPECT_NEAR(estimate.interval(0.95).high - 3.0, 2.776 * 0.70711, 1e-3);
  // Averaged over one variance the normal distribution is Student's.
  EXPECT_NEAR(estimate.p_value(), 2 * student_t_cdf(-3.0 / std::sqrt(0.5), 4), 1e-10);
  const CrossedEstimate far = crossed_estimate(std::vector<double>{101, 102, 103, 104, 105}, 5);
  EXPECT_NEAR(far.p_value() / (2 * student_t_cdf(-103.0 / std::sqrt(0.5), 4)), 1.0, 1e-6);
}

TEST(CrossedEstimate, identical_tables_have_a_point_interval) {
  const CrossedEstimate zero = crossed_estimate(std::vector<double>(20, 0.0), 5);
  EXPECT_EQ(zero.mean, 0.0);
  EXPECT_EQ(zero.interval(0.95).low, 0.0);
  EXPECT_EQ(zero.p_value(), 1.0);
}

TEST(CrossedEstimate, needs_two_full_rows) {
  EXPECT_THROW(crossed_estimate(std::vector<double>{1, 2, 3}, 1), ConfigError);
  EXPECT_THROW(crossed_estimate(std::vector<double>{1, 2, 3}, 2), ConfigError);
  EXPECT_THROW(crossed_estimate({}, 5), ConfigError);
}

}  // namespace
}  // namespace coldframe
