#include "framework/simulation/dynamic_bayesian.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/detail/page_draws.h"
#include "framework/simulation/detail/top_down.h"

namespace coldframe {
namespace {

constexpr double k_least_attraction = 1e-300;  // keeps the order index finite

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

detail::DynamicBayesianLaw<double> DynamicBayesian::law() const {
  return {detail::attraction_of(scale_), options_.go_on, options_.satisfaction, options_.satisfaction_gain};
}

void DynamicBayesian::sample(const SimulationRandom& random, const ShownPage& page,
                             std::span<std::uint8_t> clicks) const {
  detail::sample_top_down(law(), random, page, clicks);
}

PageDraws DynamicBayesian::draws(const SimulationRandom& random, const ShownPage& page) const {
  return {{},
          {detail::drawn_attraction(random, page), detail::drawn_satisfaction(random, page),
           detail::drawn_continuation("u next", random, page)}};
}

double DynamicBayesian::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return detail::top_down_log_likelihood(law(), utilities, clicks);
}

void DynamicBayesian::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  detail::expect_top_down(law(), utilities, expected);
}

BestSlate DynamicBayesian::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                      std::size_t n) const {
  const std::size_t count = utilities.size();
  n = std::min(n, count);
  std::vector<double> a(count);
  std::vector<double> index(count);
  const detail::DynamicBayesianLaw<double> law = this->law();
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = std::max(law.attraction(utilities[i]), k_least_attraction);
    index[i] = (1.0 - options_.go_on) / a[i] + options_.go_on * law.satisfied(a[i], 0);
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
    const double pass = options_.go_on * (1.0 - law.satisfied(attracted, 0) * attracted);
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

PageParts DynamicBayesian::parts() const { return detail::parts_of(law()); }

std::unique_ptr<PageBelief> DynamicBayesian::belief(std::size_t draws) const {
  const detail::DynamicBayesianLaw<float> law{detail::float_attraction_of(scale_), static_cast<float>(options_.go_on),
                                              static_cast<float>(options_.satisfaction),
                                              static_cast<float>(options_.satisfaction_gain)};
  return std::make_unique<detail::TopDownBelief<detail::DynamicBayesianLaw>>(law, draws);
}

}  // namespace coldframe
