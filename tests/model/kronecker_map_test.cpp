#include "framework/model/kronecker_map.h"

#include <gtest/gtest.h>

#include "tests/model/gradient_check.h"

namespace coldframe {
namespace {

float at3(const at::Tensor& tensor, std::int64_t i, std::int64_t j, std::int64_t k) {
  return tensor[i][j][k].item<float>();
}

TEST(KroneckerMapTest, matrix_is_the_sum_of_kronecker_products) {
  // n = 2, in 6, out 4, k = 2: entry (2a.., 2b..) of C_i kron W is C_i[row / 3][column / 2] W[row % 3][column % 2].
  const at::Tensor rule = test::golden_uniform("rule", {2, 2, 2});
  const at::Tensor left = test::golden_uniform("left", {2, 3, 2});
  const at::Tensor right = test::golden_uniform("right", {2, 2, 2});
  const at::Tensor matrix = kronecker_matrix(rule, left, right);
  ASSERT_EQ(matrix.sizes(), (at::IntArrayRef{6, 4}));
  for (std::int64_t row = 0; row < 6; ++row) {
    for (std::int64_t column = 0; column < 4; ++column) {
      float expected = 0;
      for (std::int64_t i = 0; i < 2; ++i) {
        float block = 0;
        for (std::int64_t k = 0; k < 2; ++k) block += at3(left, i, row % 3, k) * at3(right, i, k, column % 2);
        expected += at3(rule, i, row / 3, column / 2) * block;
      }
      EXPECT_NEAR(matrix[row][column].item<float>(), expected, 1e-6) << row << " " << column;
    }
  }
}

TEST(KroneckerMapTest, gradients_match_finite_differences) {
  const at::Tensor rule = test::golden_uniform("rule", {2, 2, 2});
  const at::Tensor left = test::golden_uniform("left", {2, 3, 2});
  const at::Tensor right = test::golden_uniform("right", {2, 2, 2});
  test::expect_gradient([&](const at::Tensor& x) { return kronecker_matrix(x, left, right); }, rule);
  test::expect_gradient([&](const at::Tensor& x) { return kronecker_matrix(rule, x, right); }, left);
  test::expect_gradient([&](const at::Tensor& x) { return kronecker_matrix(rule, left, x); }, right);
}

}  // namespace
}  // namespace coldframe
