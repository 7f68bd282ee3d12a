#pragma once

#include <cstddef>

#include "framework/model/kernels/bf16.h"

namespace coldframe {

/// to[i] += scale * from[i] in float32, the product rounded before it is added, i in [0, n).
void add_scaled(const float* from, std::size_t n, float scale, float* to);
void add_scaled(const Bf16* from, std::size_t n, float scale, float* to);

/// to[i] = scale * from[i] in float32.
void write_scaled(const Bf16* from, std::size_t n, float scale, float* to);

}  // namespace coldframe
