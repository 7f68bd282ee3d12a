#include "hurried_reader.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

double attraction(const coldframe::ChoiceScale& scale, double utility) {
  return 1.0 / (1.0 + std::exp(scale.no_click - scale.scale * utility));
}

/// P(clicks) from attractions [S].
double probability(double hurried, std::span<const double> a, std::span<const std::uint8_t> clicks) {
  double thorough = 1.0, cascade = 1.0;
  bool stopped = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double here = clicks[k] != 0 ? a[k] : 1.0 - a[k];
    thorough *= here;
    if (stopped) {
      if (clicks[k] != 0) cascade = 0.0;  // nobody in a hurry clicks twice
    } else {
      cascade *= here;
      stopped = clicks[k] != 0;
    }
  }
  return hurried * cascade + (1.0 - hurried) * thorough;
}

/// The same law for M possible users at once.
class HurriedBelief final : public coldframe::PageBelief {
 public:
  HurriedBelief(const coldframe::ChoiceScale& scale, double hurried, std::size_t draws)
      : scale_(scale), hurried_(hurried), reach_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> out) const override {
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      out[m] = static_cast<float>(attraction(scale_, static_cast<double>(utilities[m])));
    }
  }
  void clear() override { std::fill(reach_.begin(), reach_.end(), 1.0f); }
  double gain(std::span<const float> a, std::span<const float> weights) const override {
    const auto h = static_cast<float>(hurried_);
    double sum = 0;
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      sum += static_cast<double>(weights[m] * a[m] * (h * reach_[m] + 1.0f - h));
    }
    return sum;
  }
  void append(std::span<const float> a) override {
    for (std::size_t m = 0; m < reach_.size(); ++m) reach_[m] *= 1.0f - a[m];
  }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    std::vector<double> a(attractions.size());
    for (std::size_t m = 0; m < reach_.size(); ++m) {
      for (std::size_t k = 0; k < a.size(); ++k) a[k] = static_cast<double>(attractions[k][m]);
      log_weights[m] += std::log(std::max(probability(hurried_, a, clicks), 1e-300));
    }
  }

 private:
  coldframe::ChoiceScale scale_;
  double hurried_;
  std::vector<float> reach_;  // [M] P(a visit in a hurry gets as far as the next position)
};

}  // namespace

void HurriedReader::sample(const coldframe::SimulationRandom& random, const coldframe::ShownPage& page,
                           std::span<std::uint8_t> clicks) const {
  std::fill(clicks.begin(), clicks.end(), std::uint8_t{0});
  const bool in_a_hurry = random.click(page.user, page.session, page.page) < hurried_;
  for (std::size_t k = 0; k < clicks.size(); ++k) {
    const double luck = random.attraction(page.user, page.session, page.page, page.item_slots[k]);
    clicks[k] = luck < attraction(scale_, page.utilities[k]) ? 1 : 0;
    if (in_a_hurry && clicks[k] != 0) return;
  }
}

coldframe::PageDraws HurriedReader::draws(const coldframe::SimulationRandom& random,
                                          const coldframe::ShownPage& page) const {
  coldframe::PageDraws draws{{{"hurry", random.click(page.user, page.session, page.page)}}, {{"luck", {}}}};
  for (const std::uint32_t slot : page.item_slots) {
    draws.positions[0].values.push_back(random.attraction(page.user, page.session, page.page, slot));
  }
  return draws;
}

double HurriedReader::log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
  std::vector<double> a;
  for (const double utility : utilities) a.push_back(attraction(scale_, utility));
  return std::log(probability(hurried_, a, clicks));
}

void HurriedReader::expected_clicks(std::span<const double> utilities, std::span<double> expected) const {
  double reach = 1.0;
  for (std::size_t k = 0; k < utilities.size(); ++k) {
    const double a = attraction(scale_, utilities[k]);
    expected[k] = a * (hurried_ * reach + 1.0 - hurried_);
    reach *= 1.0 - a;
  }
}

coldframe::BestSlate HurriedReader::best_slate(std::span<const double> utilities,
                                               std::span<const std::uint64_t> tie_orders, std::size_t n) const {
  return coldframe::most_useful(utilities, tie_orders, n);
}

std::unique_ptr<coldframe::PageBelief> HurriedReader::belief(std::size_t draws) const {
  return std::make_unique<HurriedBelief>(scale_, hurried_, draws);
}
