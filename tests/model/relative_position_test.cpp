#include "framework/model/relative_position.h"

#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "tests/model/golden.h"

namespace coldframe {
namespace {

/// The formula that the borders come from, in double.
std::int64_t by_formula(std::int64_t distance) {
  const std::int64_t n = std::abs(distance), direction = distance > 0 ? 16 : 0;
  if (n < 8) return direction + n;
  const double steps = std::log(static_cast<double>(n) / 8) / std::log(128.0 / 8) * 8;
  return direction + std::min<std::int64_t>(15, 8 + static_cast<std::int64_t>(steps + 1e-9));
}

TEST(RelativePositionTest, buckets_are_those_of_the_formula_in_both_directions) {
  for (std::int64_t distance = -600; distance <= 600; ++distance) {
    EXPECT_EQ(relative_bucket(distance), by_formula(distance)) << distance;
  }
}

TEST(RelativePositionTest, buckets_begin_where_transformers_begins_them) {
  std::int64_t bucket = 8;
  for (const std::int64_t border : {8, 12, 16, 23, 32, 46, 64, 91}) {
    EXPECT_EQ(relative_bucket(-border), bucket);
    EXPECT_EQ(relative_bucket(1 - border), bucket - 1);
    EXPECT_EQ(relative_bucket(border), 16 + bucket++);
  }
}

TEST(RelativePositionTest, a_distance_takes_the_row_of_its_bucket_and_gives_back_its_gradient) {
  constexpr std::int64_t reach = 100, heads = 3;
  const at::Tensor table = test::golden_uniform("table", {k_relative_buckets, heads}).requires_grad_();
  const at::Tensor bias = distance_bias(table, reach);
  ASSERT_EQ(bias.sizes(), (at::IntArrayRef{heads, 2 * reach - 1}));
  const at::Tensor outward = test::golden_uniform("outward", bias.sizes());
  const at::Tensor gradient = torch::autograd::grad({bias}, {table}, {outward})[0];
  at::Tensor expected = at::zeros_like(table.detach());
  for (std::int64_t distance = 1 - reach; distance < reach; ++distance) {
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t column = reach - 1 + distance, bucket = relative_bucket(distance);
      EXPECT_EQ(bias[head][column].item<float>(), table[bucket][head].item<float>());
      expected[bucket][head] += outward[head][column];
    }
  }
  EXPECT_LT((gradient - expected).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace coldframe
