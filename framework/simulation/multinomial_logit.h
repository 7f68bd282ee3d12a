#pragma once

#include "framework/simulation/user_model.h"

namespace coldframe {

/// One choice or none: P(i | S) = e^{l_i} / (e^nu + sum_{j in S} e^{l_j}), l = scale * utility, nu the no-click logit
/// (McFadden 1974). Sampled as click iff u(user, session, page) < 1 - P(none), then which item by Gumbel noise keyed by
/// item: still exactly the law, and policies that show the same items get the same choices.
/// The best slate holds the items of highest utility, in any order: exact.
class MultinomialLogit final : public UserModel {
 public:
  explicit MultinomialLogit(const ChoiceScale& scale) : scale_(scale) {}
  std::string_view name() const override { return "mnl"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override;
  double react(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks,
               std::span<double> expected) const override;
  PageDraws draws(const SimulationRandom& random, const ShownPage& page) const override;
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override;
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override;
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                       std::size_t n) const override;
  PageParts parts() const override;
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override;

 private:
  /// P(click at k) for each position [S]; returns P(none).
  double share(std::span<const double> utilities, std::span<double> shares) const;
  void choose(double none, const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const;

  ChoiceScale scale_;
};

}  // namespace coldframe
