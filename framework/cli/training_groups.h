#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/cli/learner.h"

namespace coldframe {

/// Groups of the users of role T, as fair training reads them.
struct TrainingGroups {
  std::vector<std::int32_t> of;      // by UserId: group, -1 for none; empty without groups
  std::vector<double> weights;       // by UserId: what a loss counts, 1 in the mean over role T; empty: 1 each
  std::string name;                  // of the grouping
  std::vector<std::string> labels;   // [G]
  std::vector<std::size_t> members;  // [G]
};

/// ConfigError for a rule that fits no attribute, and when fewer than two groups have a user.
TrainingGroups training_groups(const FairTrainingOptions& options, const ExperimentData& data);

/// "groups of role T by gender: F 136 users, weight 1.73; M 335 users, weight 0.70"
std::string training_groups_text(const TrainingGroups& groups);

}  // namespace coldframe
