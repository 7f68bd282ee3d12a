#include "framework/model/relative_position.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_exact = 8;
/// Where buckets 9, 10, ... begin: the smallest n with 8 log(n / 8) / log(128 / 8) at least 1, 2, ...
constexpr std::array<std::int64_t, 7> k_borders = {12, 16, 23, 32, 46, 64, 91};

}  // namespace

std::int64_t relative_bucket(std::int64_t distance) {
  const std::int64_t direction = distance > 0 ? k_relative_buckets / 2 : 0, n = std::abs(distance);
  if (n < k_exact) return direction + n;
  return direction + k_exact + (std::ranges::upper_bound(k_borders, n) - k_borders.begin());
}

at::Tensor distance_bias(const at::Tensor& table, std::int64_t reach) {
  CF_EXPECTS(table.dim() == 2 && table.size(0) == k_relative_buckets && reach >= 1);
  const at::Tensor buckets = at::empty({2 * reach - 1}, at::TensorOptions().dtype(at::kLong));
  auto* bucket = buckets.mutable_data_ptr<std::int64_t>();
  for (std::int64_t distance = 1 - reach; distance < reach; ++distance) *bucket++ = relative_bucket(distance);
  return at::embedding(table, buckets).t().contiguous();
}

}  // namespace coldframe
