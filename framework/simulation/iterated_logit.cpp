#include "framework/simulation/iterated_logit.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/detail/iterated_belief.h"
#include "framework/simulation/detail/iterated_law.h"
#include "framework/simulation/detail/page_draws.h"

namespace coldframe {
namespace {

detail::IteratedLaw<double> law(const ChoiceScale& scale, std::size_t picks) {
  return {scale.scale, scale.no_click, picks};
}

std::vector<double> weights_of(const detail::IteratedLaw<double>& law, std::span<const double> utilities) {
  std::vector<double> weights;
  for (const double utility : utilities) weights.push_back(law.weight(utility));
  return weights;
}

/// Adds P(item is picked) of all ways to go on after a beginning of probability `reach`.
void walk(std::span<const double> weights, std::vector<std::uint8_t>& picked, double reach, std::size_t left,
          std::span<double> expected) {
  double total = 1.0;
  for (std::size_t i = 0; i < weights.size(); ++i) total += picked[i] != 0 ? 0.0 : weights[i];
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (picked[i] != 0) continue;
    const double p = reach * (weights[i] / total);
    expected[i] += p;
    if (left == 1) continue;
    picked[i] = 1;
    walk(weights, picked, p, left - 1, expected);
    picked[i] = 0;
  }
}

}  // namespace

IteratedLogit::IteratedLogit(const ChoiceScale& scale, std::size_t picks) : scale_(scale), picks_(picks) {
  if (picks > 0) return;
  throw ConfigError("simulation.iterated_picks = 0", "nobody could click", "try 3");
}

void IteratedLogit::sample(const SimulationRandom& random, const ShownPage& page,
                           std::span<std::uint8_t> clicks) const {
  std::fill(clicks.begin(), clicks.end(), std::uint8_t{0});
  const std::vector<double> weights = weights_of(law(scale_, picks_), page.utilities);
  std::vector<double> noisy(weights.size());
  random.item_gumbels(page.user, page.session, page.page, page.item_slots, noisy);
  for (std::size_t k = 0; k < weights.size(); ++k) noisy[k] = scale_.scale * page.utilities[k] + noisy[k];
  for (std::size_t t = 0; t < std::min(picks_, weights.size()); ++t) {
    double left = 1.0;
    std::size_t next = weights.size();
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (clicks[k] != 0) continue;
      left += weights[k];
      if (next == weights.size() || noisy[k] > noisy[next]) next = k;
    }
    const double u = t == 0 ? random.click(page.user, page.session, page.page)
                            : random.continuation(page.user, page.session, page.page, static_cast<std::uint32_t>(t));
    if (!(u < 1.0 - 1.0 / left)) return;
    clicks[next] = 1;
  }
}

PageDraws IteratedLogit::draws(const SimulationRandom& random, const ShownPage& page) const {
  PageDraws draws{{}, {detail::drawn_gumbel(random, page)}};
  for (std::size_t t = 0; t < std::min(picks_, page.item_slots.size()); ++t) {
    const double u = t == 0 ? random.click(page.user, page.session, page.page)
                            : random.continuation(page.user, page.session, page.page, static_cast<std::uint32_t>(t));
    draws.page.push_back({fmt::format("u{}", t + 1), u});
  }
  return draws;
}

double IteratedLogit::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return law(scale_, picks_).log_likelihood(utilities, clicks);
}

void IteratedLogit::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  const std::vector<double> weights = weights_of(law(scale_, picks_), utilities);
  std::fill(expected.begin(), expected.end(), 0.0);
  std::vector<std::uint8_t> picked(weights.size(), 0);
  walk(weights, picked, 1.0, picks_, expected);
}

BestSlate IteratedLogit::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                    std::size_t n) const {
  return most_useful(utilities, tie_orders, n);
}

std::unique_ptr<PageBelief> IteratedLogit::belief(std::size_t draws) const {
  return detail::make_iterated_belief(scale_, picks_, draws);
}

}  // namespace coldframe
