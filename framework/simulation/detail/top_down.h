#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"
#include "framework/simulation/detail/top_down_law.h"
#include "framework/simulation/user_model.h"

namespace coldframe::detail {

/// Sampler shared by all users who read from the top; draws are named by position (going on, satisfaction) and item
/// (attraction).
template <template <class> class Law>
void sample_top_down(const Law<double>& law, const SimulationRandom& random, const ShownPage& page,
                     std::span<std::uint8_t> clicks) {
  std::fill(clicks.begin(), clicks.end(), std::uint8_t{0});
  for (std::size_t k = 0; k < page.utilities.size(); ++k) {
    const auto position = static_cast<std::uint32_t>(k);
    const double a = law.attraction(page.utilities[k]);
    if (random.attraction(page.user, page.session, page.page, page.item_slots[k]) < a) {
      clicks[k] = 1;
      if (random.satisfaction(page.user, page.session, page.page, position) < law.satisfied(a, k)) return;
    }
    if (!(random.continuation(page.user, page.session, page.page, position) < law.go_on)) return;
  }
}

template <template <class> class Law>
void expect_top_down(const Law<double>& law, std::span<const double> utilities, std::span<double> expected) {
  double reach = 1.0;
  for (std::size_t k = 0; k < utilities.size(); ++k) {
    const double a = law.attraction(utilities[k]);
    expected[k] = reach * a;
    reach *= law.go_on * (1.0 - law.satisfied(a, k) * a);
  }
}

template <template <class> class Law>
PageParts parts_of(const Law<double>& law) {
  return {PageParts::Kind::top_down, law.attraction, {}, [law](double v, std::size_t k) {
            const double a = law.attraction(v);
            return law.go_on * (1.0 - law.satisfied(a, k) * a);
          }};
}

template <template <class> class Law>
class TopDownBelief final : public PageBelief {
 public:
  TopDownBelief(const Law<float>& law, std::size_t draws) : law_(law), reach_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> attraction) const override {
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      attraction[m] = 1.0f / (1.0f + fast_exp(law_.attraction.no_click - law_.attraction.scale * utilities[m]));
    }
  }
  void clear() override {
    std::fill(reach_.begin(), reach_.end(), 1.0f);
    length_ = 0;
  }
  double gain(std::span<const float> attraction, std::span<const float> weights) const override {
    return lane_sum(reach_.size(), [&](std::size_t m) { return weights[m] * (reach_[m] * attraction[m]); });
  }
  void append(std::span<const float> attraction) override {
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      const float a = attraction[m];
      reach_[m] *= law_.go_on * (1.0f - law_.satisfied(a, length_) * a);
    }
    ++length_;
  }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    std::size_t from = clicks.size();  // first position after the last click
    while (from > 0 && clicks[from - 1] == 0) --from;
    std::vector<float> likelihood(reach_.size(), 1.0f);
    for (std::size_t k = clicks.size(); k > from; --k) {
      const std::span<const float> a = attractions[k - 1];
      for (std::size_t m = 0; m < likelihood.size(); ++m) {
        likelihood[m] = (1.0f - a[m]) * (1.0f - law_.go_on + law_.go_on * likelihood[m]);
      }
    }
    for (std::size_t k = from; k-- > 0;) {
      const std::span<const float> a = attractions[k];
      const bool clicked = clicks[k] != 0;
      for (std::size_t m = 0; m < likelihood.size(); ++m) {
        const float satisfied = law_.satisfied(a[m], k);
        if (k + 1 == from) {
          likelihood[m] = a[m] * (satisfied + (1.0f - satisfied) * (1.0f - law_.go_on + law_.go_on * likelihood[m]));
        } else {
          likelihood[m] *= law_.go_on * (clicked ? a[m] * (1.0f - satisfied) : 1.0f - a[m]);
        }
      }
    }
    for (std::size_t m = 0; m < likelihood.size(); ++m) {
      const float positive = likelihood[m] > k_least_likelihood ? likelihood[m] : k_least_likelihood;
      log_weights[m] += static_cast<double>(fast_log(positive));
    }
  }

 private:
  static constexpr float k_least_likelihood = 1e-37f;
  Law<float> law_;
  std::vector<float> reach_;  // [M] P(the next position is looked at)
  std::size_t length_ = 0;
};

inline Attraction<double> attraction_of(const ChoiceScale& scale) { return {scale.scale, scale.no_click}; }
inline Attraction<float> float_attraction_of(const ChoiceScale& scale) {
  return {static_cast<float>(scale.scale), static_cast<float>(scale.no_click)};
}

}  // namespace coldframe::detail
