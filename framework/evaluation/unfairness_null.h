#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/rating_fairness.h"

namespace coldframe {

// Legend: U users, P pairs of a user and an item.

/// What users thought of items, user after user.
struct RatedUsers {
  std::vector<UserKey> users;        // [U]
  std::vector<std::size_t> ends;     // [U] the first pair behind each user's
  std::vector<std::uint32_t> items;  // [P]
  std::vector<double> ratings;       // [P]
};

/// Which users are compared.
enum class Side : std::int8_t { neither = -1, rest = 0, group = 1 };

struct UnfairnessNullOptions {
  std::size_t permutations = 199;
  std::uint64_t seed = 1;
};

/// Unfairness of predictions beside what nothing at all would show: a mean of absolute differences is never 0 by
/// chance.
struct UnfairnessNull {
  RatingUnfairness found;
  RatingUnfairness null_95;  // measure by measure; its counts of items are those of `found`
  double p_value = 1.0;      // of `value`: (1 + #{null >= found}) / (1 + permutations)
};

/// rating_unfairness() of calibrated predictions [P] between the group and the rest, and the 95th percentiles under
/// permutations of the two labels within strata of users (of history length), as in group_gap_null(). A function of
/// keys, not of rows. Empty where a side has nobody or no item has pairs of both. DataError unless there is a side, a
/// stratum and an end for every user and a prediction for every pair.
std::optional<UnfairnessNull> rating_unfairness_null(const RatedUsers& rated, std::span<const double> predicted,
                                                     std::span<const Side> sides, std::span<const std::uint32_t> strata,
                                                     const UnfairnessNullOptions& options = {});

}  // namespace coldframe
