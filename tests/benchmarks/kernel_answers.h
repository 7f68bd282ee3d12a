#pragma once

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/item.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "framework/model/kernels/tensor_rows.h"
#include "framework/model/tensor_memory.h"

namespace coldframe::bench {

// What benchmarks of kernels share. The same work is done by LibTorch's operators beside them, and both answers are
// compared before either is timed. One thread; MiniLM's shapes, 4,096 tokens at a time.

inline constexpr std::int64_t k_tokens = 4096;
inline constexpr std::int64_t k_width = 384;
inline constexpr std::int64_t k_inner = 1536;

template <class T>
constexpr at::ScalarType scalar_type() {
  return std::is_same_v<T, float> ? at::kFloat : at::kBFloat16;
}

template <class T>
at::Tensor normal(at::IntArrayRef sizes) {
  return at::randn(sizes).to(scalar_type<T>());
}

/// Whether two answers agree as well as their element type lets them; if not, the benchmark ends with an error.
inline bool agree(benchmark::State& state, const std::string& what, const at::Tensor& ours, const at::Tensor& theirs) {
  const auto largest = [](const at::Tensor& x) { return static_cast<double>(x.abs().max().item<float>()); };
  const double difference = largest(ours.to(at::kFloat) - theirs.to(at::kFloat));
  const double size = largest(theirs.to(at::kFloat));
  if (difference <= (ours.scalar_type() == at::kFloat ? 1e-4 : 2e-2) * size) return true;
  state.SkipWithError((what + " differs from LibTorch's by " + std::to_string(difference)).c_str());
  return false;
}

/// One thread, and tensor memory that is kept, as in training: LibTorch's side shall not pay for fresh pages either.
inline void set_up_once() {
  static const bool done = [] {
    keep_tensor_memory();
    at::set_num_threads(1);
    return true;
  }();
  (void)done;
}

}  // namespace coldframe::bench
