#include "framework/evaluation/lbfgs.h"

#include <gtest/gtest.h>

#include <vector>

namespace coldframe {
namespace {

TEST(Lbfgs, finds_the_top_of_a_hill_with_very_different_curvatures) {
  std::vector<double> x = {5.0, -3.0, 2.0};
  const std::vector<double> scale = {1.0, 50.0, 0.1};
  const std::vector<double> values = maximise_lbfgs(
      [&](std::span<const double> at, std::span<double> gradient) {
        double sum = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
          sum -= 0.5 * scale[i] * (at[i] - 1.0) * (at[i] - 1.0);
          gradient[i] = -scale[i] * (at[i] - 1.0);
        }
        return sum;
      },
      x, {60, 0.0});
  EXPECT_NEAR(values.back(), 0.0, 1e-10);
  for (const double coordinate : x) EXPECT_NEAR(coordinate, 1.0, 1e-4);
}

}  // namespace
}  // namespace coldframe
