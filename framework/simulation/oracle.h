#pragma once

#include <span>
#include <string>

#include "framework/evaluation/tie_break.h"
#include "framework/simulation/latents.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// A policy that is shown the truth: same contract as Policy, plus one Latents per request.
class LatentPolicy {
 public:
  virtual ~LatentPolicy() = default;
  virtual const std::string& name() const = 0;
  /// Whether pages are drawn, as of a Policy.
  virtual PolicyKind kind() const { return PolicyKind::deterministic; }
  virtual void rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
                    std::span<Slate> slates) const = 0;
};

/// Ceiling: the slate with the highest expected immediate reward given the latents. Exact or greedy as the user model
/// says of its best_slate(); with dynamics it is myopic.
class LatentOracle final : public LatentPolicy {
 public:
  LatentOracle(std::string name, const UserModel& model, const TieBreak& ties);
  const std::string& name() const override { return name_; }
  void rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
            std::span<Slate> slates) const override;

 private:
  std::string name_;
  const UserModel* model_;
  TieBreak ties_;
};

}  // namespace coldframe
