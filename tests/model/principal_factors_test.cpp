#include "framework/model/principal_factors.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "tests/model/encoder_fixture.h"

namespace coldframe {
namespace {

double length(const at::Tensor& tensor) { return at::norm(tensor.to(at::kDouble)).item<double>(); }

TEST(PrincipalFactorsTest, pissa_takes_the_largest_directions_of_a_matrix_known_by_hand) {
  // W = diag(9, 4, 1) with its columns moved by one: singular values 9, 4, 1. Rank 2 at scale 4 leaves the 1.
  const at::Tensor w = at::tensor({0.f, 9.f, 0.f, 0.f, 0.f, 4.f, 1.f, 0.f, 0.f}).reshape({3, 3});
  const Factors factors = principal_factors(w, 2, 4);
  EXPECT_NEAR(length(factors.a[0]), 1.5, 1e-6);  // (9 / 4)^1/2
  EXPECT_NEAR(length(factors.b.select(1, 1)), 1.0, 1e-6);
  const at::Tensor rest = without_factors(w, factors, 4);
  EXPECT_NEAR(rest[2][0].item<double>(), 1.0, 1e-6);
  EXPECT_NEAR(length(rest), 1.0, 1e-6);
}

TEST(PrincipalFactorsTest, olora_takes_columns_of_q_and_rows_of_r) {
  const at::Tensor w = test::golden_uniform("w", {12, 7});
  const Factors factors = orthonormal_factors(w, 3);
  EXPECT_LT(length(at::mm(factors.b.t(), factors.b) - at::eye(3)), 1e-6);
  // R is upper triangular: the rest of Q R has nothing in the first three columns.
  EXPECT_LT(length(without_factors(w, factors, 1).slice(1, 0, 3)), 1e-6);
  EXPECT_GT(length(without_factors(w, factors, 1)), 1);
}

TEST(PrincipalFactorsTest, any_number_of_threads_gives_the_same_bits) {
  const at::Tensor w = test::golden_uniform("w", {96, 160});
  const int threads = at::get_num_threads();
  const Factors one = principal_factors(w, 8, 2);
  at::set_num_threads(3);
  const Factors three = principal_factors(w, 8, 2);
  EXPECT_EQ(at::get_num_threads(), 3);
  at::set_num_threads(threads);
  EXPECT_TRUE(test::same_bits(one.a, three.a));
  EXPECT_TRUE(test::same_bits(one.b, three.b));
}

}  // namespace
}  // namespace coldframe
