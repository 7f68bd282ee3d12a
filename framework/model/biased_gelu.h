#pragma once

#include <ATen/core/Tensor.h>

namespace coldframe {

/// gelu(x + bias) with the exact normal distribution (arXiv 1606.08415). x [T, F] float32 or bfloat16, bias [F] float32
/// or undefined (zero); returns [T, F] of x's type. One autograd function that keeps the slope instead of x.
at::Tensor biased_gelu(const at::Tensor& x, const at::Tensor& bias);

}  // namespace coldframe
