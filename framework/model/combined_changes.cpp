#include "framework/model/combined_changes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

std::span<const float> values_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}
std::span<float> values_of(at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The floor(density n) elements of largest size, zeros elsewhere.
at::Tensor largest_elements(const at::Tensor& change, double density) {
  const std::span<const float> values = values_of(change);
  const auto kept = static_cast<std::ptrdiff_t>(density * static_cast<double>(values.size()));
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::nth_element(order.begin(), order.begin() + kept, order.end(), [&](std::size_t a, std::size_t b) {
    const float left = std::abs(values[a]), right = std::abs(values[b]);
    return left != right ? left > right : a < b;
  });
  at::Tensor trimmed = at::zeros_like(change);
  const std::span<float> result = values_of(trimmed);
  for (auto at = order.begin(); at != order.begin() + kept; ++at) result[*at] = values[*at];
  return trimmed;
}

at::Tensor drop_and_rescale(const at::Tensor& change, double density, const KeyedRandom& random, UserKey key) {
  at::Tensor kept = at::zeros_like(change);
  const std::span<const float> values = values_of(change);
  const std::span<float> result = values_of(kept);
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const PhiloxBlock block = random.block(key, 0, 0, static_cast<std::uint32_t>(i / 4));
    for (std::size_t j = i; j < std::min(values.size(), i + 4); ++j) {
      if (uniform_double(block[j - i]) < density) result[j] = values[j] / static_cast<float>(density);
    }
  }
  return kept;
}

at::Tensor weighted_sum(const std::vector<at::Tensor>& changes, const std::vector<double>& weights) {
  at::Tensor sum = at::zeros_like(changes.front());
  for (std::size_t i = 0; i < changes.size(); ++i) sum.add_(changes[i], weights[i]);
  return sum;
}

at::Tensor elected_mean(const std::vector<at::Tensor>& trimmed, const std::vector<double>& weights) {
  at::Tensor merged = at::zeros_like(trimmed.front());
  const std::span<float> result = values_of(merged);
  std::vector<std::span<const float>> values;
  for (const at::Tensor& one : trimmed) values.push_back(values_of(one));
  for (std::size_t e = 0; e < result.size(); ++e) {
    float sum = 0;
    for (const auto& one : values) sum += one[e];
    double elected = 0;
    int count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float value = values[i][e];
      if (value == 0 || (value > 0) != (sum >= 0)) continue;
      elected += weights[i] * value;
      ++count;
    }
    result[e] = static_cast<float>(elected / std::max(count, 1));
  }
  return merged;
}

}  // namespace

at::Tensor combined_change(const std::vector<at::Tensor>& changes, const MergeRule& rule, std::string_view name) {
  CF_EXPECTS(!changes.empty() && changes.size() == rule.weights.size());
  if (rule.method == MergeMethod::linear) return weighted_sum(changes, rule.weights);
  std::vector<at::Tensor> kept;
  const KeyedRandom random(rule.seed, Purpose::merging);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const UserKey key(stable_hash(name, i));
    kept.push_back(rule.method == MergeMethod::ties ? largest_elements(changes[i], rule.density)
                                                    : drop_and_rescale(changes[i], rule.density, random, key));
  }
  return rule.method == MergeMethod::ties ? elected_mean(kept, rule.weights) : weighted_sum(kept, rule.weights);
}

}  // namespace coldframe
