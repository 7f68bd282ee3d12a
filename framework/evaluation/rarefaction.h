#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

// Coverage, distinct items, exposure Gini and time to the k-th impression grow with the number of users and are biased
// when users are resampled with replacement. They are compared at equal numbers of users instead.

/// Rarefaction (Hurlbert, Ecology 52, 1971): expected number of distinct items in the lists of m of n users,
///   sum_i 1 - C(n - c_i, m) / C(n, m),   c_i = lists that show item i.
/// Exact. Throws DataError for m > n or an item in more than n lists.
double rarefied_distinct(std::span<const std::uint64_t> lists_with_item, std::uint64_t users, std::uint64_t m);

struct SubsampleOptions {
  std::size_t m = 0;  // users in each draw; 0: half of them
  std::size_t replicates = 200;
  double level = 0.95;
  std::uint64_t seed = 1;
};

/// A statistic at m users.
struct Subsampled {
  std::size_t m = 0;
  double mean = 0.0;
  Interval range;  // percentiles of the draws: the spread of the statistic at m users, not an error of its value at n
};

/// m out of n without replacement: draw b takes the m users of smallest Philox (seed, subsample; user, b). The
/// statistic receives rows of `users`, ascending by key. Empty below 2 users. Not for the gap between two sizes of m.
std::optional<Subsampled> subsampled(std::span<const UserKey> users,
                                     const std::function<double(std::span<const std::size_t>)>& statistic,
                                     const SubsampleOptions& options = {});

}  // namespace coldframe
