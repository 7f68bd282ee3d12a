// Kernels that go over rows once: bias and GELU, the end of a residual branch with its normalisation. Bytes count every
// operand once, read or written, and stand beside what copying memory reaches on the same core.
#include <ATen/ops/add.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/sum.h>

#include <array>
#include <cstring>

#include "framework/model/kernels/add_norm.h"
#include "framework/model/kernels/bias_gelu.h"
#include "tests/benchmarks/kernel_answers.h"

namespace coldframe::bench {
namespace {

void report(benchmark::State& state, std::size_t element, std::int64_t operands, std::int64_t width) {
  state.SetItemsProcessed(state.iterations() * k_tokens);
  state.SetBytesProcessed(state.iterations() * operands * k_tokens * width * static_cast<std::int64_t>(element));
}

/// Bytes read and written, as for the kernels; 64 MiB each way, far beyond the caches.
void copy_memory(benchmark::State& state) {
  std::vector<char> from(std::size_t{64} << 20, 1), to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 2 * static_cast<std::int64_t>(from.size()));
}
BENCHMARK(copy_memory);

template <class T>
struct BiasGelu {
  BiasGelu() {
    set_up_once();
    x = normal<T>({k_tokens, k_inner});
    outward = normal<T>({k_tokens, k_inner});
    bias = normal<float>({k_inner});
    for (at::Tensor* rows : {&out, &slope, &gradient}) *rows = at::empty_like(x);
    bias_gradient = at::empty_like(bias);
  }
  void forward() {
    bias_gelu(elements<T>(x), elements<float>(bias), shape, mutable_elements<T>(out), mutable_elements<T>(slope));
  }
  void backward() {
    bias_gelu_backward(elements<T>(outward), elements<T>(slope), shape, mutable_elements<T>(gradient),
                       mutable_elements<float>(bias_gradient));
  }
  at::Tensor sum() const { return at::add(x, bias.to(x.scalar_type())); }
  bool right(benchmark::State& state) {
    forward();
    backward();
    const at::Tensor theirs = at::gelu_backward(outward, sum());
    return agree(state, "gelu", out, at::gelu(sum())) && agree(state, "gradient", gradient, theirs) &&
           agree(state, "gradient of the bias", bias_gradient.to(x.scalar_type()), at::sum(theirs.to(at::kFloat), {0}));
  }

  GeluShape shape{k_tokens, k_inner};
  at::Tensor x, outward, bias, out, slope, gradient, bias_gradient;
};

template <class T>
void bias_gelu_forward(benchmark::State& state) {
  BiasGelu<T> work;
  if (!work.right(state)) return;
  for (auto _ : state) work.forward();
  report(state, sizeof(T), 3, k_inner);
}

template <class T>
void bias_gelu_forward_libtorch(benchmark::State& state) {
  const BiasGelu<T> work;
  for (auto _ : state) benchmark::DoNotOptimize(at::gelu(work.sum()));
  report(state, sizeof(T), 2, k_inner);
}

template <class T>
void bias_gelu_back(benchmark::State& state) {
  BiasGelu<T> work;
  if (!work.right(state)) return;
  for (auto _ : state) work.backward();
  report(state, sizeof(T), 3, k_inner);
}

template <class T>
void bias_gelu_back_libtorch(benchmark::State& state) {
  const BiasGelu<T> work;
  const at::Tensor sum = work.sum();
  for (auto _ : state) {
    const at::Tensor gradient = at::gelu_backward(work.outward, sum);
    benchmark::DoNotOptimize(at::sum(gradient, {0}));
  }
  report(state, sizeof(T), 3, k_inner);
}

const MaskKey k_mask({.active = true, .seed = 1, .step = 1}, mask_site("output"), 0.1);

template <class T>
struct ResidualNorm {
  explicit ResidualNorm(const MaskKey* mask = nullptr) {
    set_up_once();
    for (at::Tensor* rows : {&branch, &residual, &outward}) *rows = normal<T>({k_tokens, k_width});
    for (at::Tensor* rows : {&out, &normalized, &dsum, &dbranch}) *rows = at::empty_like(branch);
    for (at::Tensor* row : {&bias, &gain, &shift}) *row = normal<float>({k_width});
    for (at::Tensor* row : {&dbias, &dgain, &dshift}) *row = at::empty_like(bias);
    inverse = at::empty({k_tokens}, bias.options());
    for (std::int64_t i = 0; i < k_tokens; ++i) mask_rows.push_back({static_cast<std::uint64_t>(i), 0, 0});
    task.branch = elements<T>(branch);
    task.bias = elements<float>(bias);
    task.residual = elements<T>(residual);
    task.mask = mask;
    task.mask_rows = mask_rows;
    task.gain = elements<float>(gain);
    task.shift = elements<float>(shift);
    task.rows = k_tokens;
    task.width = k_width;
    task.epsilon = 1e-12f;
  }
  void forward() {
    add_norm(task, AddNormOutput<T>{mutable_elements<T>(out), mutable_elements<T>(normalized),
                                    mutable_elements<float>(inverse)});
  }
  void backward() {
    add_norm_backward(
        task, AddNormOutput<const T>{nullptr, elements<T>(normalized), mutable_elements<float>(inverse)},
        elements<T>(outward),
        AddNormGradient<T>{mutable_elements<T>(dsum), mutable_elements<T>(dbranch), mutable_elements<float>(dbias),
                           mutable_elements<float>(dgain), mutable_elements<float>(dshift)});
  }
  at::Tensor as_rows(const at::Tensor& row) const { return row.to(branch.scalar_type()); }
  at::Tensor sum() const { return at::add(residual, at::add(branch, as_rows(bias))); }
  auto libtorch_forward(const at::Tensor& s) const {
    return at::native_layer_norm(s, {k_width}, as_rows(gain), as_rows(shift), 1e-12);
  }
  auto libtorch_backward(const at::Tensor& s, const at::Tensor& mean, const at::Tensor& deviation) const {
    return at::native_layer_norm_backward(outward, s, {k_width}, mean, deviation, as_rows(gain), as_rows(shift),
                                          {true, true, true});
  }
  bool right(benchmark::State& state) {
    forward();
    backward();
    // In float32: LibTorch sums the gradients of gain and shift of bfloat16 rows in bfloat16.
    const at::Tensor s = sum().to(at::kFloat);
    const auto [their_out, mean, deviation] = at::native_layer_norm(s, {k_width}, gain, shift, 1e-12);
    const auto [their_dsum, their_dgain, their_dshift] = at::native_layer_norm_backward(
        outward.to(at::kFloat), s, {k_width}, mean, deviation, gain, shift, {true, true, true});
    return agree(state, "norm", out, their_out) && agree(state, "gradient", dsum, their_dsum) &&
           agree(state, "gradient of the gain", as_rows(dgain), their_dgain) &&
           agree(state, "gradient of the shift", as_rows(dshift), their_dshift);
  }

  at::Tensor branch, residual, outward, bias, gain, shift;
  at::Tensor out, normalized, inverse, dsum, dbranch, dbias, dgain, dshift;
  std::vector<MaskRow> mask_rows;
  AddNorm<T> task;
};

template <class T>
void add_norm_forward(benchmark::State& state) {
  ResidualNorm<T> work;
  if (!work.right(state)) return;
  for (auto _ : state) work.forward();
  report(state, sizeof(T), 4, k_width);
}

template <class T>
void add_norm_forward_with_dropout(benchmark::State& state) {
  ResidualNorm<T> work(&k_mask);
  for (auto _ : state) work.forward();
  report(state, sizeof(T), 4, k_width);
}

template <class T>
void add_norm_forward_libtorch(benchmark::State& state) {
  const ResidualNorm<T> work;
  for (auto _ : state) benchmark::DoNotOptimize(work.libtorch_forward(work.sum()));
  report(state, sizeof(T), 3, k_width);
}

template <class T>
void add_norm_back(benchmark::State& state) {
  ResidualNorm<T> work;
  if (!work.right(state)) return;
  for (auto _ : state) work.backward();
  report(state, sizeof(T), 4, k_width);
}

template <class T>
void add_norm_back_libtorch(benchmark::State& state) {
  const ResidualNorm<T> work;
  const at::Tensor s = work.sum();
  const auto [out, mean, deviation] = work.libtorch_forward(s);
  for (auto _ : state) {
    const auto [dsum, dgain, dshift] = work.libtorch_backward(s, mean, deviation);
    benchmark::DoNotOptimize(at::sum(dsum, {0}));
  }
  report(state, sizeof(T), 3, k_width);
}

#define ROWS(NAME)                 \
  BENCHMARK_TEMPLATE(NAME, float); \
  BENCHMARK_TEMPLATE(NAME, Bf16)
ROWS(bias_gelu_forward);
ROWS(bias_gelu_forward_libtorch);
ROWS(bias_gelu_back);
ROWS(bias_gelu_back_libtorch);
ROWS(add_norm_forward);
ROWS(add_norm_forward_libtorch);
ROWS(add_norm_forward_with_dropout);
ROWS(add_norm_back);
ROWS(add_norm_back_libtorch);

}  // namespace
}  // namespace coldframe::bench
