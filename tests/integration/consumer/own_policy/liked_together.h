#pragma once

#include <string>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/simulation/policy_registry.h"
#include "framework/simulation/scored_policy.h"

/// Scores an item by how many people of role T liked it together with what the newcomer likes, and a little by how many
/// liked it at all. As a ScoredPolicy it can be drawn from by `softmax:`; it reads likes, so that `onboard:` helps it;
/// it learns from people, so that it may not meet a world that was fitted on them.
class LikedTogether final : public coldframe::ScoredPolicy {
 public:
  explicit LikedTogether(const coldframe::PolicyMaking& making);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return items_; }
  void score(std::span<const coldframe::PolicyRequest> requests, std::span<float> scores) const override;

 private:
  std::string name_;
  std::size_t items_;
  std::vector<float> together_;  // [I, I] people who liked both
};
