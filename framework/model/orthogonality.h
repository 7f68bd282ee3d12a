#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace coldframe {

enum class PenaltyForm {
  squared,  // |M|^2, as AdaLoRA's paper says
  norm,     // |M|, as PEFT computes
};

/// How far the rows of `rows` [r, n] are from orthonormal: |rows rows^T - I|_F, squared or not. Adds `weight` times its
/// gradient to `gradient` [r, n], stored [n, r] when `rows` is a transposed matrix, and returns `weight` times the
/// value. Computed in double.
double add_orthogonality(const at::Tensor& rows, double weight, PenaltyForm form, std::span<float> gradient);

}  // namespace coldframe
