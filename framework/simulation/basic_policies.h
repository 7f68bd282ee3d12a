#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/evaluation/tie_break.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/scored_policy.h"

namespace coldframe {

/// Uniform ordered slates: log propensity log((C - K)! / C!) with C candidates, 1 / C for an item at a position.
class RandomPolicy final : public Policy {
 public:
  RandomPolicy(std::string name, std::uint64_t seed, const Catalogue& catalogue);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::stochastic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::string name_;
  KeyedRandom random_;
  const Catalogue* catalogue_;
};

/// The same scores for everybody: popularity with counts of role T, or any other fixed order.
class FixedScorePolicy final : public ScoredPolicy {
 public:
  FixedScorePolicy(std::string name, std::vector<float> scores, TieBreak ties);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return scores_.size(); }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override;

 private:
  std::vector<std::vector<RankedItem>> best(std::span<const PolicyRequest> requests,
                                            const TieBreak& ties) const override;

  std::string name_;
  std::vector<float> scores_;         // [I]
  std::vector<std::uint32_t> order_;  // of the items by score, best first; empty when a score is no number
};

}  // namespace coldframe
