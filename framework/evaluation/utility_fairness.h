#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/groups.h"

namespace coldframe {

// Fairness towards users: how a utility (NDCG@10 of each user) is spread. Low utility for all is not fair, so level and
// spread stand side by side. Results do not depend on the order of users.

struct GroupUtility {
  std::size_t group = 0;  // in the Groups it was computed for
  std::size_t users = 0;
  double mean = 0.0;
  double standard_error = 0.0;
  GroupSize size = GroupSize::enough;  // too_few: mean and standard error are not to be shown
};

struct UtilityFairness {
  std::vector<GroupUtility> groups;
  double mean = 0.0;                // of all users, with or without a group
  double worst_tenth = 0.0;         // CVaR at 10 %
  double gini = 0.0;                // of the utilities
  std::optional<double> gap;        // largest - smallest mean over groups of enough users; empty below two of them
  std::optional<std::size_t> best;  // groups that make the gap
  std::optional<std::size_t> worst;
};

/// values [users]. Throws DataError when groups and values differ in number.
UtilityFairness utility_fairness(std::span<const double> values, const Groups& groups, const GroupSizes& sizes = {});

/// Conditional value at risk: mean of the worst `share` of the values; the last one counts by the part of it that
/// belongs to the share. 0 for no values.
double lower_tail_mean(std::span<const double> values, double share = 0.1);

/// Gini = sum_i (2i - n - 1) x_(i) / (n sum x), ascending: 0 when all are equal or nothing is there. Values >= 0.
double gini_of(std::span<const double> values);

}  // namespace coldframe
