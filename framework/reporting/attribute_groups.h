#pragma once

#include <span>
#include <string_view>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/evaluation/groups.h"
#include "framework/evaluation/slate_fairness.h"

namespace coldframe {

/// Groups of users by a rule over their attributes: `gender`, a number cut at bounds (`age:25:45` is below 25, from 25
/// to 45, 45 and above), or an intersection of both (`gender*age:30`).
/// ConfigError for an unknown column, a number without bounds, bounds of something else, and bounds that do not ascend.
Groups attribute_groups(const EntityTable& users, std::string_view rule, std::span<const UserId> members);

/// Groups of items by the values of a column; several values per item (genres) are several groups.
ItemGroups item_attribute_groups(const EntityTable& items, std::string_view column);

}  // namespace coldframe
