#pragma once

#include "framework/simulation/user_model.h"

namespace coldframe {

struct DependentClickOptions {
  double go_on = 0.6;  // lambda_1: go on after a click at the first position
  double decay = 0.9;  // lambda_k = go_on * decay^(k-1)
};

/// Dependent click model (Guo, Liu and Wang, "Efficient multiple-click models in web search", WSDM'09): read from the
/// top; without a click always go on, after a click at position k go on with lambda_k. Several clicks per page.
///   L = [prod_{k<l} (a_k lambda_k)^{c_k} (1-a_k)^{1-c_k}] a_l [1 - lambda_l + lambda_l prod_{j>l} (1 - a_j)]
/// with l the last click; without clicks prod_j (1 - a_j). Lambda falls with the position, so that the items of highest
/// utility, highest first, are the exact best slate: exchanging neighbours a above b gains
/// V (a - b)(lambda_k - lambda_{k+1}), V the clicks that follow.
class DependentClick final : public UserModel {
 public:
  /// Throws ConfigError when a probability could leave [0, 1].
  DependentClick(const ChoiceScale& scale, const DependentClickOptions& options);
  std::string_view name() const override { return "dcm"; }
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
  DependentClickOptions options_;
};

}  // namespace coldframe
