#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

// How alike the likes of two sets of people are. Users count by their weight.

/// Total variation distance between the shares of likes, 0 .. 1.
double popularity_distance(const WorldData& a, const WorldData& b);
/// Correlation over pairs of `items` of (together - expected) / sqrt(expected), expected under independent likes.
double co_occurrence_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items);
/// Correlation over groups and `items` of the shares of a group minus those of all; NaN with one group.
double group_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items);

struct TasteAgreement {
  Estimate popularity_distance;
  Estimate co_occurrence;
  Estimate group_taste;  // value NaN and no interval with one group
};

/// The three numbers with their sampling error over users: Poisson weights keyed by user (two users of one key, a
/// person and the twin, are drawn together). Resampled people repeat, which by itself makes sets more different, so the
/// interval is value -+ z standard errors, not quantiles of replicates.
TasteAgreement taste_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items,
                               const BootstrapOptions& options);

}  // namespace coldframe
