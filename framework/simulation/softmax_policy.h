#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "framework/simulation/catalogue.h"
#include "framework/simulation/scored_policy.h"

namespace coldframe {

/// Draws slates from the scores of another policy by Plackett-Luce: with logits l_i = s_i / (temperature sd(s)), sd
/// over the candidates of the page, so that one temperature means the same for every policy,
///   pi(i_1 .. i_K) = prod_k e^l_{i_k} / sum_{j not in i_1 .. i_{k-1}} e^l_j,
/// drawn as the K largest l_i + Gumbel(user, session, page, item). All scores equal: uniform. Candidates scored
/// -infinity are never shown. Marginals of positions have no closed form.
class SoftmaxPolicy final : public Policy {
 public:
  /// Throws ConfigError unless the temperature is above 0.
  SoftmaxPolicy(std::string name, std::shared_ptr<const ScoredPolicy> inner, double temperature, std::uint64_t seed,
                const Catalogue& catalogue);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::stochastic; }
  /// NumericError for NaN and infinite scores; DataError when fewer items may be shown than the page holds.
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::vector<double> logits(const PolicyRequest& request, std::span<const float> scores) const;

  std::string name_;
  std::shared_ptr<const ScoredPolicy> inner_;
  double temperature_;
  KeyedRandom random_;
  const Catalogue* catalogue_;
};

}  // namespace coldframe
