#pragma once

#include "framework/simulation/user_model.h"

namespace coldframe {

namespace detail {
template <class T>
struct DynamicBayesianLaw;
}

struct DynamicBayesianOptions {
  double go_on = 0.9;              // gamma: look at the next position when not satisfied
  double satisfaction = 0.3;       // s of a clicked item without attraction
  double satisfaction_gain = 0.5;  // s_k = satisfaction + satisfaction_gain * a_k, at most 1
};

/// Dynamic Bayesian network (Chapelle and Zhang, "A dynamic Bayesian network click model for web search ranking",
/// WWW'09): read from the top; an examined item is clicked with its attraction a_k = sigmoid(scale v_k - nu); after a
/// click the user is satisfied with s_k and stops; otherwise goes on with gamma. Several clicks per page are possible.
///   f(n+1) = 1, f(k) = (1 - a_k)(1 - gamma + gamma f(k+1))
///   L = prod_{k<l} (a_k (1-s_k) gamma)^{c_k} ((1-a_k) gamma)^{1-c_k} a_l [s_l + (1-s_l)(1 - gamma + gamma f(l+1))]
/// with l the last click, f(1) without clicks. The best slate is exact: in an optimal slate items stand in ascending
/// order of (1 - gamma) / a + gamma s (exchange of neighbours), and which ones is a dynamic program from the end (the
/// cascade of Kempe and Mahdian, "A cascade model for externalities in sponsored search", WINE 2008).
class DynamicBayesian final : public UserModel {
 public:
  /// Throws ConfigError when a probability could leave [0, 1].
  DynamicBayesian(const ChoiceScale& scale, const DynamicBayesianOptions& options);
  std::string_view name() const override { return "dbn"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override;
  PageDraws draws(const SimulationRandom& random, const ShownPage& page) const override;
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override;
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override;
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                       std::size_t n) const override;
  PageParts parts() const override;
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override;

 private:
  detail::DynamicBayesianLaw<double> law() const;
  ChoiceScale scale_;
  DynamicBayesianOptions options_;
};

}  // namespace coldframe
