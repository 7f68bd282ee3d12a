#include "framework/simulation/dynamic_bayesian.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"

namespace coldframe {
namespace {

constexpr double k_least_attraction = 1e-300;  // keeps the order index finite
constexpr float k_least_likelihood = 1e-37f;

class CascadeBelief final : public PageBelief {
 public:
  CascadeBelief(const ChoiceScale& scale, const DynamicBayesianOptions& options, std::size_t draws)
      : scale_(static_cast<float>(scale.scale)),
        no_click_(static_cast<float>(scale.no_click)),
        go_on_(static_cast<float>(options.go_on)),
        base_(static_cast<float>(options.satisfaction)),
        slope_(static_cast<float>(options.satisfaction_gain)),
        reach_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> attraction) const override {
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      attraction[m] = 1.0f / (1.0f + detail::fast_exp(no_click_ - scale_ * utilities[m]));
    }
  }
  void clear() override { std::fill(reach_.begin(), reach_.end(), 1.0f); }
  double gain(std::span<const float> attraction, std::span<const float> weights) const override {
    return detail::lane_sum(reach_.size(), [&](std::size_t m) { return weights[m] * (reach_[m] * attraction[m]); });
  }
  void append(std::span<const float> attraction) override {
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      const float a = attraction[m];
      reach_[m] *= go_on_ * (1.0f - (base_ + slope_ * a) * a);
    }
  }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    std::ptrdiff_t last = static_cast<std::ptrdiff_t>(clicks.size()) - 1;
    while (last >= 0 && clicks[static_cast<std::size_t>(last)] == 0) --last;
    std::vector<float> likelihood(reach_.size(), 1.0f);
    for (std::size_t k = clicks.size(); static_cast<std::ptrdiff_t>(k) > last + 1; --k) {
      const std::span<const float> a = attractions[k - 1];
      for (std::size_t m = 0; m < likelihood.size(); ++m) {
        likelihood[m] = (1.0f - a[m]) * (1.0f - go_on_ + go_on_ * likelihood[m]);
      }
    }
    for (std::ptrdiff_t k = last; k >= 0; --k) {
      const std::span<const float> a = attractions[static_cast<std::size_t>(k)];
      const bool clicked = clicks[static_cast<std::size_t>(k)] != 0;
      for (std::size_t m = 0; m < likelihood.size(); ++m) {
        const float satisfied = base_ + slope_ * a[m];
        if (k == last) {
          likelihood[m] = a[m] * (satisfied + (1.0f - satisfied) * (1.0f - go_on_ + go_on_ * likelihood[m]));
        } else {
          likelihood[m] *= go_on_ * (clicked ? a[m] * (1.0f - satisfied) : 1.0f - a[m]);
        }
      }
    }
    for (std::size_t m = 0; m < likelihood.size(); ++m) {
      const float positive = likelihood[m] > k_least_likelihood ? likelihood[m] : k_least_likelihood;
      log_weights[m] += static_cast<double>(detail::fast_log(positive));
    }
  }

 private:
  float scale_, no_click_, go_on_, base_, slope_;
  std::vector<float> reach_;  // [M] P(the next position is looked at)
};

}  // namespace

DynamicBayesian::DynamicBayesian(const ChoiceScale& scale, const DynamicBayesianOptions& options)
    : scale_(scale), options_(options) {
  const bool probabilities = options.go_on >= 0 && options.go_on <= 1 && options.satisfaction >= 0 &&
                             options.satisfaction_gain >= 0 && options.satisfaction + options.satisfaction_gain <= 1;
  if (!probabilities) {
    throw ConfigError(fmt::format("simulation.dbn_continue = {}, dbn_satisfaction = {}, dbn_satisfaction_gain = {}",
                                  options.go_on, options.satisfaction, options.satisfaction_gain),
                      "probabilities must stay in [0, 1], also the sum of the last two", "try 0.9, 0.3, 0.5");
  }
}

double DynamicBayesian::attraction(double utility) const {
  return 1.0 / (1.0 + std::exp(scale_.no_click - scale_.scale * utility));
}

void DynamicBayesian::sample(const SimulationRandom& random, const ShownPage& page,
                             std::span<std::uint8_t> clicks) const {
  std::fill(clicks.begin(), clicks.end(), std::uint8_t{0});
  for (std::size_t k = 0; k < page.utilities.size(); ++k) {
    const auto position = static_cast<std::uint32_t>(k);
    const double a = attraction(page.utilities[k]);
    if (random.attraction(page.user, page.session, page.page, page.item_slots[k]) < a) {
      clicks[k] = 1;
      if (random.satisfaction(page.user, page.session, page.page, position) < satisfied(a)) return;
    }
    if (!(random.continuation(page.user, page.session, page.page, position) < options_.go_on)) return;
  }
}

double DynamicBayesian::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  const double go_on = options_.go_on;
  std::size_t from = clicks.size();  // first position after the last click
  while (from > 0 && clicks[from - 1] == 0) --from;
  double tail = 1.0;  // f
  for (std::size_t k = clicks.size(); k > from; --k) {
    tail = (1.0 - attraction(utilities[k - 1])) * (1.0 - go_on + go_on * tail);
  }
  if (from == 0) return std::log(tail);
  double sum = 0;
  for (std::size_t k = 0; k + 1 < from; ++k) {
    const double a = attraction(utilities[k]);
    sum += std::log(go_on * (clicks[k] != 0 ? a * (1.0 - satisfied(a)) : 1.0 - a));
  }
  const double a = attraction(utilities[from - 1]);
  const double s = satisfied(a);
  return sum + std::log(a * (s + (1.0 - s) * (1.0 - go_on + go_on * tail)));
}

void DynamicBayesian::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  double reach = 1.0;
  for (std::size_t k = 0; k < utilities.size(); ++k) {
    const double a = attraction(utilities[k]);
    expected[k] = reach * a;
    reach *= options_.go_on * (1.0 - satisfied(a) * a);
  }
}

BestSlate DynamicBayesian::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                      std::size_t n) const {
  const std::size_t count = utilities.size();
  n = std::min(n, count);
  std::vector<double> a(count);
  std::vector<double> index(count);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = std::max(attraction(utilities[i]), k_least_attraction);
    index[i] = (1.0 - options_.go_on) / a[i] + options_.go_on * satisfied(a[i]);
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    if (index[x] != index[y]) return index[x] < index[y];
    if (utilities[x] != utilities[y]) return utilities[x] > utilities[y];
    if (tie_orders[x] != tie_orders[y]) return tie_orders[x] < tie_orders[y];
    return x < y;
  });
  // value[k] = most clicks from k items among order[j..]; taken(j, k) remembers whether order[j] heads them.
  constexpr double impossible = -1.0;
  std::vector<double> value(n + 1, impossible);
  value[0] = 0;
  std::vector<std::uint8_t> taken(count * (n + 1), 0);
  for (std::size_t j = count; j-- > 0;) {
    const double attracted = a[order[j]];
    const double pass = options_.go_on * (1.0 - satisfied(attracted) * attracted);
    for (std::size_t k = n; k > 0; --k) {
      if (value[k - 1] == impossible) continue;
      const double with = attracted + pass * value[k - 1];
      if (with >= value[k]) {
        value[k] = with;
        taken[j * (n + 1) + k] = 1;
      }
    }
  }
  BestSlate best;
  for (std::size_t j = 0, left = n; j < count && left > 0; ++j) {
    if (taken[j * (n + 1) + left] == 0) continue;
    best.order.push_back(order[j]);
    --left;
  }
  return best;
}

std::unique_ptr<PageBelief> DynamicBayesian::belief(std::size_t draws) const {
  return std::make_unique<CascadeBelief>(scale_, options_, draws);
}

}  // namespace coldframe
