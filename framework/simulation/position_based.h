#pragma once

#include "framework/simulation/user_model.h"

namespace coldframe {

/// Position-based model (Richardson, Dominowska and Ragno, "Predicting clicks: estimating the click-through rate for
/// new ads", WWW'07): position k is examined with theta_k = k^-decay, whatever is shown, and an examined item is
/// clicked with its attraction a_k = sigmoid(scale v_k - nu). Positions are independent:
///   L = prod_k (theta_k a_k)^{c_k} (1 - theta_k a_k)^{1-c_k}
/// theta_1 = 1 fixes the scale that examination and attraction share. Highest utility first is the exact best slate
/// (rearrangement inequality).
class PositionBased final : public UserModel {
 public:
  /// Throws ConfigError when decay is negative: examination would exceed 1.
  PositionBased(const ChoiceScale& scale, double decay);
  std::string_view name() const override { return "pbm"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override;
  PageDraws draws(const SimulationRandom& random, const ShownPage& page) const override;
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override;
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override;
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                       std::size_t n) const override;
  PageParts parts() const override;
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override;

 private:
  ChoiceScale scale_;
  double decay_;
};

}  // namespace coldframe
