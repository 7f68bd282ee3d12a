#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/cli/newcomer_vectors.h"
#include "framework/evaluation/target_slices.h"
#include "framework/reporting/run_record.h"

namespace coldframe {

/// How what newcomers are to find is cut for reports: by the item's likes in role T, and by its age when it was liked,
/// where the data have times. The age counts from when the item became available, or else from its first interaction in
/// the data.
std::vector<TargetSlicing> target_slicings(const ExperimentData& data, const NewcomerSet& newcomers);

/// Groups of these users by the rules (attribute_groups.h); without any by every attribute of a few values, and by
/// thirds of numbers (standard_group_rules()). ConfigError for a rule that does not fit the data.
std::vector<UserLabels> user_groups(const ExperimentData& data, const NewcomerSet& newcomers,
                                    std::span<const UserKey> users, std::vector<std::string> rules);

}  // namespace coldframe
