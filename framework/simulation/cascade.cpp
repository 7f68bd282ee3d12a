#include "framework/simulation/cascade.h"

#include "framework/simulation/detail/page_draws.h"
#include "framework/simulation/detail/top_down.h"

namespace coldframe {
namespace {

detail::CascadeLaw<double> law(const ChoiceScale& scale) { return {detail::attraction_of(scale)}; }

}  // namespace

void Cascade::sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const {
  detail::sample_top_down(law(scale_), random, page, clicks);
}

PageDraws Cascade::draws(const SimulationRandom& random, const ShownPage& page) const {
  return {{}, {detail::drawn_attraction(random, page)}};
}

double Cascade::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return detail::top_down_log_likelihood(law(scale_), utilities, clicks);
}

void Cascade::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  detail::expect_top_down(law(scale_), utilities, expected);
}

BestSlate Cascade::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                              std::size_t n) const {
  return most_useful(utilities, tie_orders, n);
}

PageParts Cascade::parts() const { return detail::parts_of(law(scale_)); }

std::unique_ptr<PageBelief> Cascade::belief(std::size_t draws) const {
  const detail::CascadeLaw<float> law{detail::float_attraction_of(scale_)};
  return std::make_unique<detail::TopDownBelief<detail::CascadeLaw>>(law, draws);
}

}  // namespace coldframe
