#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "framework/model/keyed_dropout.h"
#include "framework/model/packed_layout.h"

namespace coldframe {

/// The end of a residual branch besides its operands.
struct ResidualNormSetup {
  std::shared_ptr<const PackedLayout> layout;
  DropoutContext dropout;
  DropoutSite site;
  double epsilon;
};

/// LayerNorm(h + drop(f + bias)) = norm(...) * gain + shift in one pass over the rows. f, h [T, D] float32 or bfloat16,
/// bias, gain and shift [D] float32; an undefined bias or h stands for zero. Returns [T, D] of f's type. One autograd
/// function: keeps the normalised rows and draws the mask again in backward.
at::Tensor residual_norm(const at::Tensor& f, const at::Tensor& bias, const at::Tensor& h, const at::Tensor& gain,
                         const at::Tensor& shift, const ResidualNormSetup& setup);

/// LayerNorm(x), rows alone.
at::Tensor row_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& shift, double epsilon);

}  // namespace coldframe
