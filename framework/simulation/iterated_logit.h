#pragma once

#include <cstddef>

#include "framework/simulation/user_model.h"

namespace coldframe {

/// Iterated logit: the multinomial logit asked again over what is left, until no click is chosen or `picks` items are
/// (Plackett, "The analysis of permutations", 1975; Luce, "Individual choice behavior", 1959; cut at the no-click
/// option and at m picks). With w_i = e^{l_i - nu}, l = scale * utility, the ordered picks i_1 .. i_t have
///   L = prod_s w_{i_s} / (1 + sum_{j in S minus earlier picks} w_j), times 1 / (1 + sum of what is left) when t < m;
/// a page says which items were clicked, not in which order, so its likelihood is the sum over the orders.
/// picks = 1 is MultinomialLogit, draw for draw; without a cut an item is clicked with w / (1 + w) whatever else is
/// shown. The number of picks grows with every weight: the items of highest utility are the exact best slate.
/// Cost: expected clicks walk all ordered beginnings, of which there are n^(picks-1); a belief integrates over the time
/// at which the user stops instead, by 16 nodes.
class IteratedLogit final : public UserModel {
 public:
  static constexpr double k_most_beginnings = 1e5;
  /// Throws ConfigError when picks is 0.
  IteratedLogit(const ChoiceScale& scale, std::size_t picks);
  std::string_view name() const override { return "iterated_logit"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override;
  PageDraws draws(const SimulationRandom& random, const ShownPage& page) const override;
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override;
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override;
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                       std::size_t n) const override;
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override;

 private:
  ChoiceScale scale_;
  std::size_t picks_;
};

}  // namespace coldframe
