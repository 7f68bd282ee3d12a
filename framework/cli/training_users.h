#pragma once

#include <vector>

#include "framework/cli/learner.h"
#include "framework/data/pair_sampler.h"

namespace coldframe {

/// Everybody of role T with their likes, to draw pairs from.
std::vector<UserLikes> training_users(const ExperimentData& data);

/// What must not count as a negative: likes of role T only. By UserId, each sorted; empty for everybody else.
std::vector<std::vector<ItemId>> known_positives(const ExperimentData& data);

/// Log prior of every item by the likes of role T, as it is added to text scores in evaluation. [items]
std::vector<float> training_prior(const ExperimentData& data);

}  // namespace coldframe
