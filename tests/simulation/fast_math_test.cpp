#include "framework/simulation/detail/fast_math.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/simulation/detail/lane_sum.h"

namespace coldframe::detail {
namespace {

TEST(FastMath, exp_is_accurate_to_a_few_units_in_the_last_place) {
  for (double x = -86; x < 87; x += 0.0137) {
    const auto argument = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(argument));
    EXPECT_NEAR(fast_exp(argument) / exact, 1.0, 4e-7) << x;
  }
  EXPECT_EQ(fast_exp(0.0f), 1.0f);
}

TEST(FastMath, exp_saturates_instead_of_overflowing) {
  EXPECT_TRUE(std::isfinite(fast_exp(1e30f)));
  EXPECT_GT(fast_exp(-1e30f), 0.0f);
}

TEST(FastMath, log_is_accurate) {
  for (double x = 1e-30; x < 1e30; x *= 1.37) {
    const auto argument = static_cast<float>(x);
    const double exact = std::log(static_cast<double>(argument));
    EXPECT_NEAR(fast_log(argument), exact, 3e-7 * std::max(1.0, std::abs(exact))) << x;
  }
  for (double x = 0.5; x < 2.0; x += 0.0007) {
    EXPECT_NEAR(fast_log(static_cast<float>(x)), std::log(static_cast<double>(static_cast<float>(x))), 3e-7) << x;
  }
}

TEST(LaneSum, adds_every_term_once_whatever_the_length) {
  for (std::size_t n = 0; n < 70; ++n) {
    EXPECT_EQ(lane_sum(n, [](std::size_t i) { return static_cast<float>(i + 1); }),
              static_cast<float>(n * (n + 1) / 2));
  }
}

}  // namespace
}  // namespace coldframe::detail
