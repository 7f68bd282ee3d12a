#include "framework/training/adamw.h"

#include <ATen/core/Tensor.h>

#include <bit>
#include <cmath>

namespace coldframe {
namespace {

struct Rule {
  float keep;         // 1 - lr * weight decay
  float beta1_rest;   // 1 - beta1
  float beta2;
  float beta2_rest;   // 1 - beta2
  float step_size;    // lr / (1 - beta1^t)
  float root_scale;   // 1 / sqrt(1 - beta2^t)
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

__attribute__((target_clones("avx512f", "avx2", "default"))) std::uint64_t digest_slice(const float* values, std::size_t n,
                                                                                        std::uint32_t salt) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t factor = (static_cast<std::uint32_t>(i) * 0x9E3779B1u + salt) | 1u;
    sum += std::uint64_t{std::bit_cast<std::uint32_t>(values[i])} * factor;
  }
  return sum;
}

}  // namespace

void OptimizerOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "learning_rate", .doc = "peak step size of AdamW", .minimum = 0, .maximum = 10, .minimum_exclusive = true},
                learning_rate);
  visitor.visit({.name = "beta1", .doc = "decay of the first moment", .minimum = 0, .maximum = 0.999999}, beta1);
  visitor.visit({.name = "beta2", .doc = "decay of the second moment", .minimum = 0, .maximum = 0.9999999}, beta2);
  visitor.visit({.name = "epsilon", .doc = "added to the root of the second moment", .minimum = 0, .minimum_exclusive = true},
                epsilon);
  visitor.visit({.name = "weight_decay", .doc = "decoupled decay of matrices (not of biases, LayerNorm, scalars)", .minimum = 0, .maximum = 1},
                weight_decay);
  visitor.visit({.name = "clip_norm", .doc = "largest norm of the whole gradient, 0 = no clipping", .minimum = 0}, clip_norm);
}

AdamW::AdamW(const FlatLayout& layout, const OptimizerOptions& options)
    : layout_(layout), options_(options), first_(layout.state_size()), second_(layout.state_size()) {}

void AdamW::update(ParameterStore& parameters, const GradientSum& gradient, double learning_rate, std::int64_t step,
                   float clip) {
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
  for (const DenseSlot& slot : layout_.dense()) {
    update_slice(parameters.value(slot.parameter).data_ptr<float>(), first_.data() + slot.offset,
                 second_.data() + slot.offset, gradient.dense.data() + slot.offset, slot.size,
                 rule_of(parameters.info(slot.parameter)));
  }
  for (std::size_t s = 0; s < layout_.sparse().size(); ++s) {
    const SparseSlot& slot = layout_.sparse()[s];
    const SparseRows& rows = gradient.sparse[s];
    const Rule rule = rule_of(parameters.info(slot.parameter));
    const auto width = static_cast<std::size_t>(slot.width);
    const std::vector<float> no_gradient(width, 0.0f);
    float* values = parameters.value(slot.parameter).data_ptr<float>();
    std::size_t next = 0;
    for (std::int64_t row = 0; row < slot.rows; ++row) {
      const bool touched = next < rows.ids.size() && rows.ids[next] == row;
      const std::size_t at = static_cast<std::size_t>(row) * width;
      update_slice(values + at, first_.data() + slot.state_offset + at, second_.data() + slot.state_offset + at,
                   touched ? rows.rows.data() + next * width : no_gradient.data(), width, rule);
      next += touched ? 1 : 0;
    }
  }
}

std::uint64_t parameter_digest(const ParameterStore& parameters, const FlatLayout& layout) {
  std::uint64_t digest = 0;
  const auto add = [&](ParameterIndex index) {
    const at::Tensor& value = parameters.value(index);
    digest = digest * 0x9E3779B97F4A7C15ull +
             digest_slice(value.data_ptr<float>(), static_cast<std::size_t>(value.numel()), static_cast<std::uint32_t>(index));
  };
  for (const DenseSlot& slot : layout.dense()) add(slot.parameter);
  for (const SparseSlot& slot : layout.sparse()) add(slot.parameter);
  return digest;
}

}  // namespace coldframe
