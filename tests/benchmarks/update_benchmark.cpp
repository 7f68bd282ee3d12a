// One AdamW update of ten million values, beside LibTorch's fused one. Bytes: value, gradient and both moments read,
// all but the gradient written.
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <array>

#include "framework/training/adamw.h"
#include "tests/benchmarks/kernel_answers.h"

namespace coldframe::bench {
namespace {

constexpr std::int64_t k_values = 10'000'000;
constexpr double k_rate = 1e-3;

struct Update {
  Update() {
    set_up_once();
    start = normal<float>({k_values});
    gradient_values = normal<float>({k_values});
    store.add({.name = "w", .trainable = true, .decay = true}, start.clone());
    layout = std::make_unique<FlatLayout>(store);
    adamw = std::make_unique<AdamW>(*layout, options, update_rules(store, options, 1'000'000'000));
    gradient = {AlignedBuffer(layout->dense_size()), {}};
    std::copy_n(gradient_values.const_data_ptr<float>(), k_values, gradient.dense.data());
  }
  void ours(std::int64_t step) { adamw->update(store, gradient, k_rate, step, /*clip=*/1); }

  OptimizerOptions options;
  at::Tensor start, gradient_values;
  ParameterStore store;
  std::unique_ptr<FlatLayout> layout;
  std::unique_ptr<AdamW> adamw;
  GradientSum gradient;
};

struct LibtorchUpdate {
  explicit LibtorchUpdate(const Update& same)
      : values(same.start.clone()),
        gradient(same.gradient_values),
        first(at::zeros_like(values)),
        second(at::zeros_like(values)),
        steps(at::full({}, 0.0f)),
        options(same.options) {}
  void run() {
    steps.add_(1);
    at::_fused_adamw_({values}, {gradient}, {first}, {second}, {}, {steps}, k_rate, options.beta1, options.beta2,
                      options.weight_decay, options.epsilon, false, false);
  }

  at::Tensor values, gradient, first, second, steps;
  OptimizerOptions options;
};

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * k_values);
  state.SetBytesProcessed(state.iterations() * k_values * 7 * static_cast<std::int64_t>(sizeof(float)));
}

void adamw_update(benchmark::State& state) {
  Update work;
  LibtorchUpdate theirs(work);
  std::int64_t step = 0;
  for (; step < 3; ++step) {
    work.ours(step + 1);
    theirs.run();
  }
  if (!agree(state, "a value after three updates", work.store.value(0), theirs.values)) return;
  for (auto _ : state) work.ours(++step);
  report(state);
}
BENCHMARK(adamw_update);

void adamw_update_libtorch(benchmark::State& state) {
  const Update same;
  LibtorchUpdate work(same);
  for (auto _ : state) work.run();
  report(state);
}
BENCHMARK(adamw_update_libtorch);

}  // namespace
}  // namespace coldframe::bench
