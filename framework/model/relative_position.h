#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace coldframe {

/// Buckets of distances, 16 for each direction, as MPNet (arXiv 2004.09297) has them from T5 (arXiv 1910.10683,
/// section 2.1): 0 to 7 one each, then ever wider ones up to 91 and beyond.
constexpr std::int64_t k_relative_buckets = 32;

/// Of the distance key - query in tokens.
std::int64_t relative_bucket(std::int64_t distance);

/// [heads, 2 R - 1] float32: column R - 1 + distance of row h holds table[bucket of the distance, h]. table [32, heads]
/// float32; its gradient is summed in the order of distances.
at::Tensor distance_bias(const at::Tensor& table, std::int64_t reach);

}  // namespace coldframe
