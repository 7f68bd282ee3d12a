#include "framework/simulation/detail/iterated_belief.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"

namespace coldframe::detail {
namespace {

constexpr std::size_t k_nodes = 16;
constexpr float k_least_likelihood = 1e-37f;

struct Node {
  float log_s;
  float weight;
};

/// Gauss-Legendre on [0, 1] (roots of the Legendre polynomial by Newton's method), then s = x^3 (10 - 15 x + 6 x^2),
/// which crowds nodes at both ends: strong items ring near s = 1, weak ones near 0. Relative error below 1e-4.
std::array<Node, k_nodes> quadrature() {
  std::array<Node, k_nodes> nodes;
  constexpr auto n = static_cast<double>(k_nodes);
  for (std::size_t k = 0; k < k_nodes; ++k) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(k) + 0.75) / (n + 0.5));
    double slope = 1;
    for (int step = 0; step < 20; ++step) {
      double before = 1, p = x;
      for (double j = 2; j <= n; ++j) {
        const double next = ((2 * j - 1) * x * p - (j - 1) * before) / j;
        before = p;
        p = next;
      }
      slope = n * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    const double at = 0.5 * (1 + x), rest = 0.5 * (1 - x), weight = 1 / ((1 - x * x) * slope * slope);
    const double share = at * at * at * (10 - 15 * at + 6 * at * at);
    nodes[k] = {static_cast<float>(std::log(share)), static_cast<float>(30 * at * at * rest * rest * weight)};
  }
  return nodes;
}

class IteratedBelief final : public PageBelief {
 public:
  IteratedBelief(const ChoiceScale& scale, std::size_t picks, std::size_t draws)
      : scale_(static_cast<float>(scale.scale)),
        no_click_(static_cast<float>(scale.no_click)),
        picks_(picks),
        draws_(draws),
        nodes_(quadrature()),
        rung_(k_nodes * picks * draws),
        room_(k_nodes * draws),
        none_(draws, 0.0f),
        silent_(draws) {}

  void attractions(std::span<const float> utilities, std::span<float> attraction) const override {
    for (std::size_t m = 0; m < draws_; ++m) attraction[m] = fast_exp(scale_ * utilities[m] - no_click_);
  }
  void clear() override {
    std::fill(rung_.begin(), rung_.end(), 0.0f);
    std::fill(room_.begin(), room_.end(), 1.0f);
    for (std::size_t q = 0; q < k_nodes; ++q) {
      std::fill_n(rung_.begin() + static_cast<std::ptrdiff_t>(q * picks_ * draws_), draws_, 1.0f);
    }
  }
  double gain(std::span<const float> attraction, std::span<const float> weights) const override {
    double sum = 0;
    for (std::size_t q = 0; q < k_nodes; ++q) {
      ring(attraction, q);
      const float* room = room_.data() + q * draws_;
      const float mean = lane_sum(draws_, [&](std::size_t m) { return weights[m] * (room[m] * (1.0f - silent_[m])); });
      sum += static_cast<double>(nodes_[q].weight) * static_cast<double>(mean);
    }
    return sum;
  }
  void append(std::span<const float> attraction) override {
    for (std::size_t q = 0; q < k_nodes; ++q) {
      ring(attraction, q);
      float* rung = rung_.data() + q * picks_ * draws_;
      float* room = room_.data() + q * draws_;
      const float* silent = silent_.data();
      std::fill(room, room + draws_, 0.0f);
      for (std::size_t j = picks_; j-- > 0;) {
        float* now = rung + j * draws_;
        const float* fewer = j == 0 ? none_.data() : now - draws_;
        for (std::size_t m = 0; m < draws_; ++m) {
          now[m] = now[m] * silent[m] + fewer[m] * (1.0f - silent[m]);
          room[m] += now[m];
        }
      }
    }
  }
  void add_log_likelihood(std::span<const std::span<const float>> attractions, std::span<const std::uint8_t> clicks,
                          std::span<double> log_weights) const override {
    std::vector<std::span<const float>> clicked;
    std::vector<float> passed(draws_, 1.0f);
    for (std::size_t k = 0; k < clicks.size(); ++k) {
      if (clicks[k] != 0) clicked.push_back(attractions[k]);
      for (std::size_t m = 0; clicks[k] == 0 && m < draws_; ++m) passed[m] += attractions[k][m];
    }
    const std::size_t subsets = std::size_t{1} << clicked.size();
    std::vector<float> first(subsets);
    for (std::size_t m = 0; m < draws_; ++m) {
      std::fill(first.begin(), first.end(), 0.0f);
      first[0] = 1.0f;
      for (std::size_t before = 0; before + 1 < subsets; ++before) {
        float left = passed[m];
        for (std::size_t i = 0; i < clicked.size(); ++i) left += (before >> i & 1) == 0 ? clicked[i][m] : 0.0f;
        for (std::size_t i = 0; i < clicked.size(); ++i) {
          if ((before >> i & 1) == 0) first[before | std::size_t{1} << i] += first[before] * (clicked[i][m] / left);
        }
      }
      log_weights[m] += static_cast<double>(fast_log(std::max(first.back(), k_least_likelihood)));
      if (clicked.size() < picks_) log_weights[m] -= static_cast<double>(fast_log(passed[m]));
    }
  }

 private:
  /// P(an item has not rung) at one node, for every draw.
  void ring(std::span<const float> attraction, std::size_t node) const {
    const float log_s = nodes_[node].log_s;
    for (std::size_t m = 0; m < draws_; ++m) silent_[m] = fast_exp(attraction[m] * log_s);
  }

  float scale_, no_click_;
  std::size_t picks_, draws_;
  std::array<Node, k_nodes> nodes_;
  std::vector<float> rung_;            // [nodes, picks, M] P(exactly j items have rung), j < picks
  std::vector<float> room_;            // [nodes, M] P(fewer than `picks` have)
  std::vector<float> none_;            // [M] zeros
  mutable std::vector<float> silent_;  // [M] scratch: a belief belongs to one thread
};

}  // namespace

std::unique_ptr<PageBelief> make_iterated_belief(const ChoiceScale& scale, std::size_t picks, std::size_t draws) {
  return std::make_unique<IteratedBelief>(scale, picks, draws);
}

}  // namespace coldframe::detail
