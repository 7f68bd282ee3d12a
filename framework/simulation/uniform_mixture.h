#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "framework/simulation/basic_policies.h"

namespace coldframe {

/// With probability epsilon a uniform ordered slate, else the slate of another policy:
///   pi(s) = epsilon (C - K)! / C! + (1 - epsilon) pi_inner(s),
/// and the same for the beginnings of s, from which the probability of a position given what is above it follows.
/// Exploration has its own keyed stream, so changing epsilon never shifts what users do.
class UniformMixture final : public Policy {
 public:
  /// Throws ConfigError for an epsilon outside [0, 1], and when `inner` is a mixture: both would toss the same coin.
  UniformMixture(std::string name, std::shared_ptr<const Policy> inner, double epsilon, std::uint64_t seed,
                 const Catalogue& catalogue);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::stochastic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  void mix(const PolicyRequest& request, Slate& slate) const;
  std::string name_;
  std::shared_ptr<const Policy> inner_;
  double epsilon_;
  KeyedRandom random_;
  RandomPolicy uniform_;
};

}  // namespace coldframe
