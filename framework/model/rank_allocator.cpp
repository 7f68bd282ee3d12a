#include "framework/model/rank_allocator.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace coldframe {

std::int64_t RankSchedule::budget(std::int64_t step) const {
  if (step <= first_steps) return initial;
  if (step >= last_choice()) return target;
  const double left = 1.0 - static_cast<double>(step - first_steps) / static_cast<double>(last_choice() - first_steps);
  return static_cast<std::int64_t>(static_cast<double>(initial - target) * std::pow(left, 3) +
                                   static_cast<double>(target));
}

bool RankSchedule::chooses(std::int64_t step) const {
  return step > first_steps && (step == last_choice() || (step < last_choice() && step % every == 0));
}

void ElementImportance::update(std::span<const float> values, std::span<const float> gradient, float gradient_scale,
                               double beta1, double beta2) {
  const auto keep1 = static_cast<float>(beta1), rest1 = static_cast<float>(1 - beta1);
  const auto keep2 = static_cast<float>(beta2), rest2 = static_cast<float>(1 - beta2);
  for (std::size_t i = 0; i < sensitivity_.size(); ++i) {
    const float now = std::abs(values[i] * (gradient[i] * gradient_scale));
    sensitivity_[i] = keep1 * sensitivity_[i] + rest1 * now;
    uncertainty_[i] = keep2 * uncertainty_[i] + rest2 * std::abs(now - sensitivity_[i]);
  }
}

void ElementImportance::reset() {
  std::ranges::fill(sensitivity_, 0.0f);
  std::ranges::fill(uncertainty_, 0.0f);
}

std::vector<double> triplet_scores(const ElementImportance& q, const ElementImportance& e, const ElementImportance& p,
                                   std::size_t rank) {
  const std::size_t in = q.size() / rank, out = p.size() / rank;
  std::vector<double> scores(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    double row = 0, column = 0;
    for (std::size_t j = 0; j < in; ++j) row += q.score(i * in + j);
    for (std::size_t j = 0; j < out; ++j) column += p.score(j * rank + i);
    scores[i] = e.score(i) + row / static_cast<double>(in) + column / static_cast<double>(out);
  }
  return scores;
}

std::vector<char> highest(const std::vector<double>& scores, std::int64_t budget) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<char> kept(scores.size(), 0);
  const auto count = std::min(scores.size(), static_cast<std::size_t>(std::max<std::int64_t>(budget, 0)));
  for (std::size_t i = 0; i < count; ++i) kept[order[i]] = 1;
  return kept;
}

}  // namespace coldframe
