#include "framework/simulation/dependent_click.h"

#include <fmt/format.h>

#include "framework/core/error.h"
#include "framework/simulation/detail/page_draws.h"
#include "framework/simulation/detail/top_down.h"

namespace coldframe {
namespace {

detail::DependentClickLaw<double> law(const ChoiceScale& scale, const DependentClickOptions& options) {
  return {detail::attraction_of(scale), options.go_on, options.decay};
}

}  // namespace

DependentClick::DependentClick(const ChoiceScale& scale, const DependentClickOptions& options)
    : scale_(scale), options_(options) {
  if (options.go_on >= 0 && options.go_on <= 1 && options.decay >= 0 && options.decay <= 1) return;
  throw ConfigError(fmt::format("simulation.dcm_continue = {}, dcm_decay = {}", options.go_on, options.decay),
                    "both are shares in [0, 1]", "try 0.6, 0.9");
}

void DependentClick::sample(const SimulationRandom& random, const ShownPage& page,
                            std::span<std::uint8_t> clicks) const {
  detail::sample_top_down(law(scale_, options_), random, page, clicks);
}

PageDraws DependentClick::draws(const SimulationRandom& random, const ShownPage& page) const {
  return {{}, {detail::drawn_attraction(random, page), detail::drawn_satisfaction(random, page)}};
}

double DependentClick::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return detail::top_down_log_likelihood(law(scale_, options_), utilities, clicks);
}

void DependentClick::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  detail::expect_top_down(law(scale_, options_), utilities, expected);
}

BestSlate DependentClick::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                     std::size_t n) const {
  return most_useful(utilities, tie_orders, n);
}

PageParts DependentClick::parts() const { return detail::parts_of(law(scale_, options_)); }

std::unique_ptr<PageBelief> DependentClick::belief(std::size_t draws) const {
  const detail::DependentClickLaw<float> law{detail::float_attraction_of(scale_), static_cast<float>(options_.go_on),
                                             static_cast<float>(options_.decay)};
  return std::make_unique<detail::TopDownBelief<detail::DependentClickLaw>>(law, draws);
}

}  // namespace coldframe
