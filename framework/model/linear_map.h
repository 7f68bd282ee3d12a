#pragma once

#include <ATen/core/Tensor.h>

#include "framework/model/parameters.h"

namespace coldframe {

// Products with parameters in the precision of x. In float32 they are LibTorch's own; in bfloat16 the rounded copy of a
// weight is multiplied and the gradient of the weight itself comes back in float32. T tokens.

/// x W^T, x [T, in], W [out, in].
at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight);

/// x W^T + b, b [out].
at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight, ParameterIndex bias);

/// y + scale x W^T, y [T, out].
at::Tensor add_linear_map(const ParameterView& parameters, const at::Tensor& y, const at::Tensor& x,
                          ParameterIndex weight, double scale);

}  // namespace coldframe
