#include "framework/training/adamw.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace coldframe {
namespace {

struct Rule {
  float keep;        // 1 - lr * weight decay
  float beta1_rest;  // 1 - beta1
  float beta2;
  float beta2_rest;  // 1 - beta2
  float step_size;   // lr / (1 - beta1^t)
  float root_scale;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
  float clip;
};

// Element-wise and without contraction: every instruction set gives the same bits.
__attribute__((target_clones("avx512f", "avx2", "default"))) void update_slice(float* __restrict p, float* __restrict m,
                                                                               float* __restrict v,
                                                                               const float* __restrict g, std::size_t n,
                                                                               const Rule& rule) {
  const Rule r = rule;
  for (std::size_t i = 0; i < n; ++i) {
    const float gradient = g[i] * r.clip;
    const float first = m[i] + r.beta1_rest * (gradient - m[i]);
    const float second = r.beta2 * v[i] + r.beta2_rest * (gradient * gradient);
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * r.keep - r.step_size * (first / (std::sqrt(second) * r.root_scale + r.epsilon));
  }
}

__attribute__((target_clones("avx512f", "avx2", "default"))) std::uint64_t digest_slice(const float* values,
                                                                                        std::size_t begin,
                                                                                        std::size_t end,
                                                                                        std::uint32_t salt) {
  std::uint64_t sum = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t factor = (static_cast<std::uint32_t>(i) * 0x9E3779B1u + salt) | 1u;
    sum += std::uint64_t{std::bit_cast<std::uint32_t>(values[i])} * factor;
  }
  return sum;
}

constexpr std::size_t k_slice = 1 << 17;  // elements: 2 MiB of values, moments and gradient

struct Slice {
  std::size_t begin;
  std::size_t end;
};

std::vector<Slice> slices_of(std::size_t size, std::size_t step) {
  std::vector<Slice> slices;
  for (std::size_t at = 0; at < size; at += step) slices.push_back({at, std::min(size, at + step)});
  return slices;
}

void run_tasks(LanePool* pool, std::size_t count, const std::function<void(std::size_t)>& task) {
  if (pool != nullptr) return pool->run(count, task);
  for (std::size_t i = 0; i < count; ++i) task(i);
}

/// For threads that change different elements: the store's own access marks a parameter as changed.
float* values_of(const ParameterStore& parameters, ParameterIndex index) {
  return const_cast<float*>(parameters.value(index).const_data_ptr<float>());
}

/// Rows of a table, of which few have a gradient.
void update_rows(float* values, float* first, float* second, const SparseRows& gradient, const SparseSlot& slot,
                 Slice rows, const Rule& rule) {
  const auto width = static_cast<std::size_t>(slot.width);
  const std::vector<float> no_gradient(width, 0.0f);
  const auto begin = std::lower_bound(gradient.ids.begin(), gradient.ids.end(), static_cast<std::int64_t>(rows.begin));
  auto next = static_cast<std::size_t>(begin - gradient.ids.begin());
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    const bool touched = next < gradient.ids.size() && gradient.ids[next] == static_cast<std::int64_t>(row);
    const std::size_t at = row * width;
    update_slice(values + at, first + at, second + at,
                 touched ? gradient.rows.data() + next * width : no_gradient.data(), width, rule);
    next += touched ? 1 : 0;
  }
}

}  // namespace

void OptimizerOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "learning_rate",
                 .doc = "peak step size of AdamW",
                 .minimum = 0,
                 .maximum = 10,
                 .minimum_exclusive = true},
                learning_rate);
  visitor.visit({.name = "beta1", .doc = "decay of the first moment", .minimum = 0, .maximum = 0.999999}, beta1);
  visitor.visit({.name = "beta2", .doc = "decay of the second moment", .minimum = 0, .maximum = 0.9999999}, beta2);
  visitor.visit(
      {.name = "epsilon", .doc = "added to the root of the second moment", .minimum = 0, .minimum_exclusive = true},
      epsilon);
  visitor.visit({.name = "weight_decay",
                 .doc = "decoupled decay of matrices (not of biases, LayerNorm, scalars)",
                 .minimum = 0,
                 .maximum = 1},
                weight_decay);
  visitor.visit({.name = "clip_norm", .doc = "largest norm of the whole gradient, 0 = no clipping", .minimum = 0},
                clip_norm);
}

AdamW::AdamW(const FlatLayout& layout, const OptimizerOptions& options)
    : layout_(layout), options_(options), first_(layout.state_size()), second_(layout.state_size()) {}

void AdamW::update(ParameterStore& parameters, const GradientSum& gradient, double learning_rate, std::int64_t step,
                   float clip, LanePool* pool) {
  for (const DenseSlot& slot : layout_.dense()) parameters.value(slot.parameter);  // marks them as changed
  for (const SparseSlot& slot : layout_.sparse()) parameters.value(slot.parameter);
  const double correction1 = 1.0 - std::pow(options_.beta1, static_cast<double>(step));
  const double correction2 = 1.0 - std::pow(options_.beta2, static_cast<double>(step));
  const auto rule_of = [&](const ParameterInfo& info) {
    const double rate = learning_rate * info.learning_rate_factor;
    return Rule{.keep = static_cast<float>(1.0 - (info.decay ? rate * options_.weight_decay : 0.0)),
                .beta1_rest = static_cast<float>(1.0 - options_.beta1),
                .beta2 = static_cast<float>(options_.beta2),
                .beta2_rest = static_cast<float>(1.0 - options_.beta2),
                .step_size = static_cast<float>(rate / correction1),
                .root_scale = static_cast<float>(1.0 / std::sqrt(correction2)),
                .epsilon = static_cast<float>(options_.epsilon),
                .clip = clip};
  };
  struct Task {
    ParameterIndex parameter;
    std::size_t state;  // offset of the first element in the moments
    Slice slice;        // within the parameter
    std::size_t table;  // index of the sparse slot, or none
  };
  constexpr auto none = static_cast<std::size_t>(-1);
  std::vector<Task> tasks;
  for (const DenseSlot& slot : layout_.dense()) {
    for (const Slice& slice : slices_of(slot.size, k_slice))
      tasks.push_back({slot.parameter, slot.offset, slice, none});
  }
  for (std::size_t s = 0; s < layout_.sparse().size(); ++s) {
    const SparseSlot& slot = layout_.sparse()[s];
    for (const Slice& rows :
         slices_of(static_cast<std::size_t>(slot.rows), k_slice / static_cast<std::size_t>(slot.width) + 1)) {
      tasks.push_back({slot.parameter, slot.state_offset, rows, s});
    }
  }
  run_tasks(pool, tasks.size(), [&](std::size_t t) {
    const Task& task = tasks[t];
    const Rule rule = rule_of(parameters.info(task.parameter));
    float* values = values_of(parameters, task.parameter);
    if (task.table != none) {
      update_rows(values, first_.data() + task.state, second_.data() + task.state, gradient.sparse[task.table],
                  layout_.sparse()[task.table], task.slice, rule);
      return;
    }
    const std::size_t at = task.state + task.slice.begin;
    update_slice(values + task.slice.begin, first_.data() + at, second_.data() + at, gradient.dense.data() + at,
                 task.slice.end - task.slice.begin, rule);
  });
}

std::uint64_t parameter_digest(const ParameterStore& parameters, const FlatLayout& layout, LanePool* pool) {
  struct Task {
    std::size_t slot;
    ParameterIndex parameter;
    Slice slice;
  };
  std::vector<Task> tasks;
  std::size_t slots = 0;
  const auto add = [&](ParameterIndex index) {
    for (const Slice& slice : slices_of(static_cast<std::size_t>(parameters.value(index).numel()), k_slice)) {
      tasks.push_back({slots, index, slice});
    }
    ++slots;
  };
  for (const DenseSlot& slot : layout.dense()) add(slot.parameter);
  for (const SparseSlot& slot : layout.sparse()) add(slot.parameter);
  std::vector<std::uint64_t> sums(tasks.size());
  run_tasks(pool, tasks.size(), [&](std::size_t t) {
    const Task& task = tasks[t];
    sums[t] = digest_slice(parameters.value(task.parameter).const_data_ptr<float>(), task.slice.begin, task.slice.end,
                           static_cast<std::uint32_t>(task.parameter));
  });
  std::vector<std::uint64_t> of_slot(slots, 0);
  for (std::size_t t = 0; t < tasks.size(); ++t) of_slot[tasks[t].slot] += sums[t];
  std::uint64_t digest = 0;
  for (const std::uint64_t sum : of_slot) digest = digest * 0x9E3779B97F4A7C15ull + sum;
  return digest;
}

}  // namespace coldframe
