#pragma once

#include "framework/simulation/user_model.h"

namespace coldframe {

/// Cascade (Craswell, Zoeter, Taylor and Ramsey, "An experimental comparison of click position-bias models", WSDM'08):
/// read from the top, stop at the first click.
///   P(click at k) = a_k prod_{j<k} (1 - a_j), P(none) = prod_j (1 - a_j), a_k = sigmoid(scale v_k - nu)
/// At most one click. The reward 1 - P(none) does not depend on the order: the items of highest utility are exact.
class Cascade final : public UserModel {
 public:
  explicit Cascade(const ChoiceScale& scale) : scale_(scale) {}
  std::string_view name() const override { return "cascade"; }
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
};

}  // namespace coldframe
