#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/simulation/lives.h"
#include "framework/simulation/random_layout.h"

namespace coldframe::bench {

/// The law of the environment reco-gym-v1 of the Python package recogym: users view products on their own (organic),
/// are shown one (bandit), or leave. Five dimensions as there.
struct RecogymOptions {
  static constexpr std::size_t k_dimension = 5;
  double organic_to_bandit = 0.25;
  double bandit_to_organic = 0.05;
  double leave = 0.01;  // that package takes prob_leave_organic in both states
  double drift = 0.1;   // sd of a coordinate's step
};

/// Rows count events (views and recommendations) as pages, and clicks on recommendations, which are uniformly random;
/// what is viewed is listed as that package does, and then dropped.
class RecogymLaw final : public LifeLaw {
 public:
  using State = std::array<double, RecogymOptions::k_dimension>;

  /// factors [products, 5], popularity [products]: of views and of clicks alike (no flips). DataError for other sizes.
  RecogymLaw(const RecogymOptions& options, std::span<const double> factors, std::span<const double> popularity,
             std::uint64_t seed);

  void live(std::uint64_t first, std::span<UserRow> rows) const override;

  std::size_t products() const { return popularity_.size(); }
  /// P(next view) of every product [products].
  void view_probabilities(const State& state, std::span<double> out) const;
  double click_probability(const State& state, std::uint32_t product) const;

 private:
  void weigh_views(const State& state, std::span<double> out) const;
  void drift(UserKey user, std::uint32_t session, std::uint32_t event, State& state) const;
  struct Scratch {
    std::vector<double> weights;
    std::vector<std::uint32_t> views;
  };
  std::uint32_t view(const State& state, double uniform, Scratch& scratch) const;
  UserRow live_one(UserKey user, Scratch& scratch) const;

  RecogymOptions options_;
  std::vector<double> factors_;  // [5, products]
  std::vector<double> popularity_;
  KeyedRandom births_, events_, drifts_;
};

}  // namespace coldframe::bench
