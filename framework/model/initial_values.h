#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace coldframe {

// First values of new parameters: element i of the parameter `name` reads word i % 4 of the Philox block keyed by
// (seed, Purpose::initialisation) at (hash of the name, slot i / 4), whatever else the model holds.

at::Tensor uniform_values(at::IntArrayRef shape, double bound, std::uint64_t seed, std::string_view name);  // (-b, b)
at::Tensor normal_values(at::IntArrayRef shape, double deviation, std::uint64_t seed, std::string_view name);
/// Normal values of which those beyond two deviations are drawn again, try r from the block at (hash, session r, slot).
at::Tensor truncated_normal_values(at::IntArrayRef shape, double deviation, std::uint64_t seed, std::string_view name);

}  // namespace coldframe
