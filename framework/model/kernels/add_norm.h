#pragma once

#include <cstddef>
#include <span>

#include "framework/model/kernels/bf16.h"
#include "framework/model/keyed_mask.h"

namespace coldframe {

// R rows (tokens), D width.

/// The end of a residual branch: s = h + drop(f + b), out = norm(s) * gain + shift, norm(s) = (s - mean) /
/// sqrt(variance + epsilon) row by row (layer normalisation, arXiv 1607.06450). T is float or Bf16; statistics are
/// float32 either way.
template <class T>
struct AddNorm {
  const T* branch = nullptr;           // f [R, D]
  const float* bias = nullptr;         // b [D], null: 0
  const T* residual = nullptr;         // h [R, D], null: 0
  const MaskKey* mask = nullptr;       // null: no dropout
  std::span<const MaskRow> mask_rows;  // [R]
  const float* gain = nullptr;         // [D]
  const float* shift = nullptr;        // [D]
  std::size_t rows = 0;
  std::size_t width = 0;
  float epsilon = 0;
};

/// What forward writes. The last two are what backward needs; both may be null.
template <class T>
struct AddNormOutput {
  T* out = nullptr;                    // [R, D]
  T* normalized = nullptr;             // norm(s) [R, D]
  float* inverse_deviation = nullptr;  // 1 / sqrt(variance + epsilon) [R]
};

/// Gradients; null where not wanted. Sums over rows are taken in order.
template <class T>
struct AddNormGradient {
  T* sum = nullptr;        // of s, which is that of h [R, D]
  T* branch = nullptr;     // of f, differs from that of s by the mask [R, D]
  float* bias = nullptr;   // [D]
  float* gain = nullptr;   // [D]
  float* shift = nullptr;  // [D]
};

void add_norm(const AddNorm<float>& task, const AddNormOutput<float>& output);
void add_norm(const AddNorm<Bf16>& task, const AddNormOutput<Bf16>& output);

/// From `outward`, the gradient of the output, and what forward kept.
void add_norm_backward(const AddNorm<float>& task, const AddNormOutput<const float>& kept, const float* outward,
                       const AddNormGradient<float>& gradient);
void add_norm_backward(const AddNorm<Bf16>& task, const AddNormOutput<const Bf16>& kept, const Bf16* outward,
                       const AddNormGradient<Bf16>& gradient);

}  // namespace coldframe
