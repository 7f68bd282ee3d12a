#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/roles.h"

namespace coldframe {

/// Which items count as new [items]: each with probability `share`, by a keyed hash of its external id, so that a
/// larger share holds the items of a smaller one. Empty at a share of 0.
std::vector<bool> choose_new_items(const Dataset& dataset, double share, std::uint64_t seed);

/// Drops the interactions of roles T and V with new items: nobody who learns has seen them. Returns how many.
std::size_t withhold_new_items(Dataset& dataset, const Roles& roles, const std::vector<bool>& new_items);

}  // namespace coldframe
