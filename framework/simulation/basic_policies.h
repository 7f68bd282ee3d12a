#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/evaluation/tie_break.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// Uniform ordered slates: log propensity log((C - K)! / C!) with C candidates.
class RandomPolicy final : public Policy {
 public:
  RandomPolicy(std::string name, std::uint64_t seed, const Catalogue& catalogue);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::stochastic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::string name_;
  KeyedRandom random_;
  const Catalogue* catalogue_;
};

/// The same scores for everybody: popularity with counts of role T, or any other fixed order.
class FixedScorePolicy final : public Policy {
 public:
  FixedScorePolicy(std::string name, std::vector<float> scores, TieBreak ties);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::deterministic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::string name_;
  std::vector<float> scores_;  // [I]
  TieBreak ties_;
};

/// With probability epsilon a uniform ordered slate, else the slate of a deterministic policy:
///   pi(s) = epsilon (C - K)! / C! + (1 - epsilon) 1[s = d].
/// Exploration has its own keyed stream, so changing epsilon never shifts what users do.
class UniformMixture final : public Policy {
 public:
  /// Throws ConfigError when the inner policy is stochastic (its propensities would not be those of the mixture).
  UniformMixture(std::unique_ptr<Policy> inner, double epsilon, std::uint64_t seed, const Catalogue& catalogue);
  const std::string& name() const override { return inner_->name(); }
  PolicyKind kind() const override { return PolicyKind::stochastic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::unique_ptr<Policy> inner_;
  double epsilon_;
  KeyedRandom random_;
  RandomPolicy uniform_;
};

/// The slate_size candidates with the highest scores [I], ties by keyed hash of (user, item). Throws NumericError for a
/// NaN score of a candidate.
std::vector<ItemId> top_candidates(const PolicyRequest& request, std::span<const float> scores, const TieBreak& ties);

/// A slate shown for certain.
Slate certain_slate(std::vector<ItemId> items);

}  // namespace coldframe
