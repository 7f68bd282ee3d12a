#include "framework/simulation/multinomial_logit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"
#include "framework/simulation/detail/logit_law.h"
#include "framework/simulation/detail/page_draws.h"
#include "framework/simulation/detail/vector_exp.h"

namespace coldframe {
namespace {

detail::LogitLaw<double> law(const ChoiceScale& scale) { return {scale.scale, scale.no_click}; }

/// e^x for every x and for one more, which it returns. On a page of usual size they fill whole vectors.
double exp_with(double more, std::span<double> x) {
  constexpr std::size_t k_usual = 32, k_lanes = 8;
  if (x.size() >= k_usual) {
    detail::exp_all(x);
    detail::exp_all({&more, 1});
    return more;
  }
  double all[k_usual] = {};
  *std::ranges::copy(x, all).out = more;
  detail::exp_all({all, (x.size() / k_lanes + 1) * k_lanes});
  std::copy_n(all, x.size(), x.begin());
  return all[x.size()];
}

/// attraction e_i = exp(l_i - nu); a page with sum s of attractions has s / (1 + s) expected clicks.
class LogitBelief final : public PageBelief {
 public:
  LogitBelief(const ChoiceScale& scale, std::size_t draws)
      : scale_(static_cast<float>(scale.scale)), no_click_(static_cast<float>(scale.no_click)), sums_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> attraction) const override {
    for (std::size_t m = 0; m < sums_.size(); ++m) {
      attraction[m] = detail::fast_exp(scale_ * utilities[m] - no_click_);
    }
  }
  void clear() override { std::fill(sums_.begin(), sums_.end(), 0.0f); }
  double gain(std::span<const float> attraction, std::span<const float> weights) const override {
    return detail::lane_sum(sums_.size(), [&](std::size_t m) {
      const float all = 1.0f + sums_[m];
      return weights[m] * (attraction[m] / (all + attraction[m]) / all);
    });
  }
  void append(std::span<const float> attraction) override {
    for (std::size_t m = 0; m < sums_.size(); ++m) sums_[m] += attraction[m];
  }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    std::vector<float> all(sums_.size(), 1.0f);
    for (const auto& attraction : attractions) {
      for (std::size_t m = 0; m < all.size(); ++m) all[m] += attraction[m];
    }
    for (std::size_t m = 0; m < all.size(); ++m) log_weights[m] -= static_cast<double>(detail::fast_log(all[m]));
    for (std::size_t k = 0; k < clicks.size(); ++k) {
      if (clicks[k] == 0) continue;
      const std::span<const float> chosen = attractions[k];
      for (std::size_t m = 0; m < all.size(); ++m) log_weights[m] += static_cast<double>(detail::fast_log(chosen[m]));
    }
  }

 private:
  float scale_;
  float no_click_;
  std::vector<float> sums_;  // [M]
};

}  // namespace

void MultinomialLogit::sample(const SimulationRandom& random, const ShownPage& page,
                              std::span<std::uint8_t> clicks) const {
  std::vector<double> shares(page.utilities.size());
  choose(share(page.utilities, shares), random, page, clicks);
}

double MultinomialLogit::react(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks,
                               std::span<double> expected) const {
  choose(share(page.utilities, expected), random, page, clicks);
  return std::accumulate(expected.begin(), expected.end(), 0.0);
}

double MultinomialLogit::share(std::span<const double> utilities, std::span<double> shares) const {
  double largest = scale_.no_click;
  for (const double utility : utilities) largest = std::max(largest, scale_.scale * utility);
  for (std::size_t k = 0; k < utilities.size(); ++k) shares[k] = scale_.scale * utilities[k] - largest;
  const double none = exp_with(scale_.no_click - largest, shares);
  double total = none;
  for (const double weight : shares) total += weight;
  for (double& weight : shares) weight /= total;
  return none / total;
}

void MultinomialLogit::choose(double none, const SimulationRandom& random, const ShownPage& page,
                              std::span<std::uint8_t> clicks) const {
  std::fill(clicks.begin(), clicks.end(), std::uint8_t{0});
  if (page.utilities.empty()) return;
  if (!(random.click(page.user, page.session, page.page) < 1.0 - none)) return;
  constexpr std::size_t k_usual = 32;
  double usual[k_usual];
  std::vector<double> many(page.utilities.size() > k_usual ? page.utilities.size() : 0);
  const std::span<double> noise = many.empty() ? std::span(usual).first(page.utilities.size()) : std::span(many);
  random.item_gumbels(page.user, page.session, page.page, page.item_slots, noise);
  std::size_t chosen = 0;
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < page.utilities.size(); ++k) {
    const double value = scale_.scale * page.utilities[k] + noise[k];
    if (value > best) {
      best = value;
      chosen = k;
    }
  }
  clicks[chosen] = 1;
}

PageDraws MultinomialLogit::draws(const SimulationRandom& random, const ShownPage& page) const {
  return {{{"u", random.click(page.user, page.session, page.page)}}, {detail::drawn_gumbel(random, page)}};
}

double MultinomialLogit::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  return law(scale_).log_likelihood(utilities, clicks);
}

void MultinomialLogit::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  share(utilities, expected);
}

BestSlate MultinomialLogit::best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                       std::size_t n) const {
  return most_useful(utilities, tie_orders, n);
}

PageParts MultinomialLogit::parts() const {
  return {PageParts::Kind::shared, [scale = scale_](double v) { return std::exp(scale.scale * v - scale.no_click); }};
}

std::unique_ptr<PageBelief> MultinomialLogit::belief(std::size_t draws) const {
  return std::make_unique<LogitBelief>(scale_, draws);
}

}  // namespace coldframe
