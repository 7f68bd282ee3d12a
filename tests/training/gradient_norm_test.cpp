#include "framework/training/gradient_norm.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coldframe {
namespace {

TEST(GradientNormTest, counts_dense_and_sparse_elements) {
  // 3^2 + 4^2 + 12^2 = 169.
  GradientSum gradient{AlignedBuffer(10000), {SparseRows{2, {7}, {0, 12}}}};
  gradient.dense.data()[0] = 3;
  gradient.dense.data()[9999] = 4;
  EXPECT_DOUBLE_EQ(gradient_norm(gradient), 13.0);
}

TEST(GradientNormTest, keeps_small_values_beside_large_ones) {
  GradientSum gradient{AlignedBuffer(1 << 20), {}};
  std::ranges::fill(gradient.dense.span(), 1e-3f);
  gradient.dense.data()[0] = 1e3f;
  const double expected = 1e6 + ((1 << 20) - 1) * 1e-6;
  EXPECT_NEAR(std::pow(gradient_norm(gradient), 2), expected, 1e-9 * expected);
}

TEST(GradientNormTest, has_the_same_bits_with_more_threads) {
  GradientSum gradient{AlignedBuffer(1'500'001), {}};
  for (std::size_t i = 0; i < gradient.dense.size(); ++i) gradient.dense.data()[i] = std::sin(static_cast<float>(i));
  LanePool pool(3);
  EXPECT_EQ(gradient_norm(gradient), gradient_norm(gradient, &pool));
}

TEST(ClipFactorTest, is_the_rule_of_clip_grad_norm) {
  EXPECT_FLOAT_EQ(clip_factor(0.5, 1.0), 1.0f);
  EXPECT_FLOAT_EQ(clip_factor(4.0, 1.0), static_cast<float>(1.0 / 4.000001));
  EXPECT_FLOAT_EQ(clip_factor(4.0, 0.0), 1.0f);
}

}  // namespace
}  // namespace coldframe
