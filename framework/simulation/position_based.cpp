#include "framework/simulation/position_based.h"

#include <fmt/format.h>

#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"
#include "framework/simulation/detail/page_draws.h"
#include "framework/simulation/detail/position_law.h"

namespace coldframe {
namespace {

constexpr float k_least_likelihood = 1e-37f;

detail::PositionLaw<double> law(const ChoiceScale& scale, double decay) {
  return {{scale.scale, scale.no_click}, decay};
}

class PositionBelief final : public PageBelief {
 public:
  PositionBelief(const ChoiceScale& scale, double decay, std::size_t draws)
      : scale_(static_cast<float>(scale.scale)),
        no_click_(static_cast<float>(scale.no_click)),
        law_(law(scale, decay)),
        draws_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> attraction) const override {
    for (std::size_t m = 0; m < draws_; ++m) {
      attraction[m] = 1.0f / (1.0f + detail::fast_exp(no_click_ - scale_ * utilities[m]));
    }
  }
  void clear() override { length_ = 0; }
  double gain(std::span<const float> attraction, std::span<const float> weights) const override {
    const auto mean =
        static_cast<double>(detail::lane_sum(draws_, [&](std::size_t m) { return weights[m] * attraction[m]; }));
    return law_.examined(length_) * mean;
  }
  void append(std::span<const float>) override { ++length_; }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    for (std::size_t k = 0; k < clicks.size(); ++k) {
      const auto examined = static_cast<float>(law_.examined(k));
      const std::span<const float> a = attractions[k];
      const bool clicked = clicks[k] != 0;
      for (std::size_t m = 0; m < draws_; ++m) {
        const float p = clicked ? examined * a[m] : 1.0f - examined * a[m];
        log_weights[m] += static_cast<double>(detail::fast_log(p > k_least_likelihood ? p : k_least_likelihood));
      }
    }
  }

 private:
  float scale_, no_click_;
  detail::PositionLaw<double> law_;
  std::size_t draws_;
  std::size_t length_ = 0;
};

}  // namespace

PositionBased::PositionBased(const ChoiceScale& scale, double decay) : scale_(scale), decay_(decay) {
  if (decay >= 0) return;
  throw ConfigError(fmt::format("simulation.pbm_decay = {}", decay),
                    "must be at least 0, or later positions would be examined more than surely", "try 1");
}

void PositionBased::sample(const SimulationRandom& random, const ShownPage& page,
                           std::span<std::uint8_t> clicks) const {
  const detail::PositionLaw<double> law = coldframe::law(scale_, decay_);
  for (std::size_t k = 0; k < page.utilities.size(); ++k) {
    const auto position = static_cast<std::uint32_t>(k);
    const bool examined = random.continuation(page.user, page.session, page.page, position) < law.examined(k);
    const bool attracted =
        random.attraction(page.user, page.session, page.page, page.item_slots[k]) < law.attraction(page.utilities[k]);
    clicks[k] = examined && attracted ? 1 : 0;
  }
}

PageDraws PositionBased::draws(const SimulationRandom& random, const ShownPage& page) const {
  return {{}, {detail::drawn_attraction(random, page), detail::drawn_continuation("u seen", random, page)}};
}

double PositionBased::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return law(scale_, decay_).log_likelihood(utilities, clicks);
}

void PositionBased::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  const detail::PositionLaw<double> law = coldframe::law(scale_, decay_);
  for (std::size_t k = 0; k < utilities.size(); ++k) expected[k] = law.examined(k) * law.attraction(utilities[k]);
}

BestSlate PositionBased::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                    std::size_t n) const {
  return most_useful(utilities, tie_orders, n);
}

PageParts PositionBased::parts() const {
  const detail::PositionLaw<double> law = coldframe::law(scale_, decay_);
  return {PageParts::Kind::independent, law.attraction, [law](std::size_t k) { return law.examined(k); }};
}

std::unique_ptr<PageBelief> PositionBased::belief(std::size_t draws) const {
  return std::make_unique<PositionBelief>(scale_, decay_, draws);
}

}  // namespace coldframe
