#pragma once

#include <cstddef>

#include "framework/model/kernels/bf16.h"

namespace coldframe {

// R rows (tokens), F width of the feed-forward layer.

/// out = gelu(x + b) row by row, gelu(z) = z Phi(z) with the exact normal distribution (arXiv 1606.08415). When `slope`
/// is not null it gets gelu'(z) = Phi(z) + z phi(z), which is all that backward needs. T is float or Bf16; x [R, F],
/// bias [F] or null for zero; out may be x.
struct GeluShape {
  std::size_t rows = 0;
  std::size_t width = 0;
};

void bias_gelu(const float* x, const float* bias, GeluShape shape, float* out, float* slope);
void bias_gelu(const Bf16* x, const float* bias, GeluShape shape, Bf16* out, Bf16* slope);

/// gradient = outward * slope; bias_gradient (null: not wanted) = its sum over rows.
void bias_gelu_backward(const float* outward, const float* slope, GeluShape shape, float* gradient,
                        float* bias_gradient);
void bias_gelu_backward(const Bf16* outward, const Bf16* slope, GeluShape shape, Bf16* gradient, float* bias_gradient);

}  // namespace coldframe
