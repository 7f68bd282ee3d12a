#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"

namespace coldframe {

/// A part of the catalogue by a rule: `tail` (the 80 % least liked in training), `cold` (no like in training), or
/// `COLUMN=VALUE` (genres=Drama; one of several values suffices). Ascending. train_counts [I].
/// ConfigError for an unknown rule or column, and when no item or every item fits.
std::vector<ItemId> select_items(const EntityTable& items, std::span<const std::uint64_t> train_counts,
                                 std::string_view rule);

}  // namespace coldframe
