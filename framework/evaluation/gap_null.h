#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "framework/core/ids.h"
#include "framework/evaluation/groups.h"

namespace coldframe {

struct GapNullOptions {
  std::size_t permutations = 1000;
  std::uint64_t seed = 1;
  GroupSizes sizes;  // only groups that may enter a gap take part
};

/// A gap (largest - smallest group mean) beside what nothing at all would show: max - min is biased upward by noise, so
/// a raw gap alone says little.
struct GapNull {
  double gap = 0.0;
  double null_mean = 0.0;
  double null_95 = 0.0;  // 95th percentile of the null; of |difference| for a difference of gaps
  double p_value = 1.0;  // (1 + #{null >= observed}) / (1 + permutations)
};

/// Permutes group labels within strata (of history length for users, of popularity for items): the keyed order of the
/// members of a stratum in permutation b, Philox (seed, permutation; unit, b), receives the stratum's labels. A
/// function of keys, not of rows. Empty when fewer than two groups are large enough.
/// units, values, strata: one per member of `groups`.
std::optional<GapNull> group_gap_null(std::span<const UserKey> units, std::span<const double> values,
                                      const Groups& groups, std::span<const std::uint32_t> strata,
                                      const GapNullOptions& options = {});

/// gap(first) - gap(second) of two strategies over the same users. The null swaps the two values within users, by one
/// keyed bit per user and permutation; two-sided.
std::optional<GapNull> gap_difference_null(std::span<const UserKey> units, std::span<const double> first,
                                           std::span<const double> second, const Groups& groups,
                                           const GapNullOptions& options = {});

}  // namespace coldframe
