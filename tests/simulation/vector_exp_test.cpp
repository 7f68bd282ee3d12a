#include "framework/simulation/detail/vector_exp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace coldframe::detail {
namespace {

TEST(VectorExp, is_within_an_ulp_over_its_range) {
  std::vector<double> x;
  for (int i = 0; i <= 200'000; ++i) x.push_back(-708.0 + 1417.0 * i / 200'000.0);
  std::vector<double> y = x;
  exp_all(y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    ASSERT_LE(std::abs(static_cast<double>((y[i] - exact) / exact)), 3e-16) << "x = " << x[i];
  }
}

TEST(VectorExp, the_length_changes_no_bit) {
  std::vector<double> x;
  for (int i = 0; i < 37; ++i) x.push_back(0.37 * i - 9.0);
  std::vector<double> together = x;
  exp_all(together);
  for (std::size_t i = 0; i < x.size(); ++i) {
    exp_all({&x[i], 1});
    EXPECT_EQ(x[i], together[i]);
  }
}

TEST(VectorExp, ends_and_nan) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> x{0.0, -0.0, -infinity, -1e300, infinity, std::nan("")};
  exp_all(x);
  EXPECT_EQ(x[0], 1.0);
  EXPECT_EQ(x[1], 1.0);
  EXPECT_LT(x[2], 1e-300);
  EXPECT_LT(x[3], 1e-300);
  EXPECT_GT(x[4], 1e300);
  EXPECT_TRUE(std::isnan(x[5]));
}

}  // namespace
}  // namespace coldframe::detail
