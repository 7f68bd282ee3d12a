#pragma once

#include <ATen/core/Tensor.h>

#include "framework/model/parameters.h"

namespace coldframe {

/// A matrix as a sum of n Kronecker products (parameterised hypercomplex multiplication, arXiv 2102.08597; with factors
/// of low rank as in Compacter, arXiv 2106.04647): sum_i C_i kron (s_i t_i), [in, out].
struct KroneckerParameters {
  ParameterIndex rule = -1;   // C [n, n, n]
  ParameterIndex left = -1;   // s [n, in / n, k]
  ParameterIndex right = -1;  // t [n, k, out / n]
};

/// [in, out] from C, s and t.
at::Tensor kronecker_matrix(const at::Tensor& rule, const at::Tensor& left, const at::Tensor& right);

/// x W + b, x [T, in] float32 or bfloat16, b [out]; the matrix is formed in float32. T tokens.
at::Tensor kronecker_map(const ParameterView& parameters, const at::Tensor& x, const KroneckerParameters& factors,
                         ParameterIndex bias);

}  // namespace coldframe
