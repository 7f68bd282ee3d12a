#include "framework/training/adamw.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

/// For threads that change different elements: the store's own access marks a parameter as changed.
float* values_of(const ParameterStore& parameters, ParameterIndex index) {
  return const_cast<float*>(parameters.value(index).const_data_ptr<float>());
}

/// Rows of a table, of which few have a gradient.
void update_rows(float* values, float* first, float* second, const SparseRows& gradient, std::size_t begin_row,
                 std::size_t end_row, const Rule& rule) {
  const auto width = static_cast<std::size_t>(gradient.width);
  const std::vector<float> no_gradient(width, 0.0f);
  const auto begin = std::lower_bound(gradient.ids.begin(), gradient.ids.end(), static_cast<std::int64_t>(begin_row));
  auto next = static_cast<std::size_t>(begin - gradient.ids.begin());
  for (std::size_t row = begin_row; row < end_row; ++row) {
    const bool touched = next < gradient.ids.size() && gradient.ids[next] == static_cast<std::int64_t>(row);
    const std::size_t at = (row - begin_row) * width;
    update_slice(values + at, first + at, second + at,
                 touched ? gradient.rows.data() + next * width : no_gradient.data(), width, rule);
    next += touched ? 1 : 0;
  }
}

}  // namespace

AdamW::AdamW(const FlatLayout& layout, const OptimizerOptions& options, std::vector<UpdateRule> rules)
    : options_(options),
      layout_(layout),
      rules_(std::move(rules)),
      slices_(parameter_slices(layout)),
      first_(layout.state_size()),
      second_(layout.state_size()) {}

void AdamW::drop_frozen(GradientSum& gradient, std::int64_t step) const {
  for (const DenseSlot& slot : layout_.dense()) {
    if (step <= rule(slot.parameter).first_step) std::fill_n(gradient.dense.data() + slot.offset, slot.size, 0.0f);
  }
  for (std::size_t table = 0; table < layout_.sparse().size(); ++table) {
    if (step > rule(layout_.sparse()[table].parameter).first_step) continue;
    gradient.sparse[table].ids.clear();
    gradient.sparse[table].rows.clear();
  }
}

void AdamW::forget() {
  std::ranges::fill(first_.span(), 0.0f);
  std::ranges::fill(second_.span(), 0.0f);
}

void AdamW::update(ParameterStore& parameters, const GradientSum& gradient, double learning_rate, std::int64_t step,
                   float clip, LanePool* pool, ParameterDigest* digest) {
  for (const ParameterSlice& slice : slices_) parameters.value(slice.parameter);  // marks them as changed
  const auto rule_of = [&](const UpdateRule& chosen) {
    const auto own_step = static_cast<double>(step - chosen.first_step);
    const double correction1 = 1.0 - std::pow(options_.beta1, own_step);
    const double correction2 = 1.0 - std::pow(options_.beta2, own_step);
    const double rate = learning_rate * chosen.learning_rate_factor;
    return Rule{.keep = static_cast<float>(1.0 - rate * chosen.weight_decay),
                .beta1_rest = static_cast<float>(1.0 - options_.beta1),
                .beta2 = static_cast<float>(options_.beta2),
                .beta2_rest = static_cast<float>(1.0 - options_.beta2),
                .step_size = static_cast<float>(rate / correction1),
                .root_scale = static_cast<float>(1.0 / std::sqrt(correction2)),
                .epsilon = static_cast<float>(options_.epsilon),
                .clip = clip};
  };
  const auto update_one = [&](std::size_t index) {
    const ParameterSlice& slice = slices_[index];
    if (step <= this->rule(slice.parameter).first_step) return;
    const Rule rule = rule_of(this->rule(slice.parameter));
    float* values = values_of(parameters, slice.parameter) + slice.begin;
    float *first = first_.data() + slice.state, *second = second_.data() + slice.state;
    if (slice.table == ParameterSlice::no_table) {
      update_slice(values, first, second, gradient.dense.data() + slice.state, slice.end - slice.begin, rule);
    } else {
      const SparseRows& rows = gradient.sparse[slice.table];
      const auto width = static_cast<std::size_t>(rows.width);
      update_rows(values, first, second, rows, slice.begin / width, slice.end / width, rule);
    }
    if (digest != nullptr) digest->refresh(index, parameters);
  };
  if (pool != nullptr) return pool->run(slices_.size(), update_one);
  for (std::size_t i = 0; i < slices_.size(); ++i) update_one(i);
}

}  // namespace coldframe
