#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/evaluation/groups.h"
#include "framework/evaluation/slate_fairness.h"

namespace coldframe {

/// Groups of users by a rule over their attributes: `gender`, a number cut at bounds (`age:25:45` is below 25, from 25
/// to 45, 45 and above), or an intersection of both (`gender*age:30`).
/// ConfigError for an unknown column, a number without bounds, bounds of something else, and bounds that do not ascend.
Groups attribute_groups(const EntityTable& users, std::string_view rule, std::span<const UserId> members);

/// Rules that suit a table nobody has named groups for, made from its first `rows` rows: every attribute of 2 to 30
/// categories, and numbers cut where they part the rows into thirds (or halves where thirds coincide).
std::vector<std::string> standard_group_rules(const EntityTable& users, std::size_t rows);

/// Groups of items by the values of a column; several values per item (genres) are several groups.
ItemGroups item_attribute_groups(const EntityTable& items, std::string_view column);

}  // namespace coldframe
