#pragma once

#include <ATen/core/Tensor.h>

#include "framework/model/parameters.h"

namespace coldframe {

// Products with parameters in the precision of x. In bfloat16 the rounded copy of a weight is multiplied; the gradient
// of the weight is float32 either way, and goes to the view's gradient memory when there is one. T tokens.

/// x W^T, x [T, in], W [out, in].
at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight);

/// x W^T + b, b [out].
at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight, ParameterIndex bias);

/// y + scale x W^T, y [T, out].
at::Tensor add_linear_map(const ParameterView& parameters, const at::Tensor& y, const at::Tensor& x,
                          ParameterIndex weight, double scale);

}  // namespace coldframe
