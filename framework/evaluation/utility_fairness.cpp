#include "framework/evaluation/utility_fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> ascending(values.begin(), values.end());
  std::sort(ascending.begin(), ascending.end());
  return ascending;
}

double mean_of(std::span<const double> values) {
  UserSum sum;
  for (const double value : values) sum.add(value);
  return values.empty() ? 0.0 : sum.value() / static_cast<double>(values.size());
}

GroupUtility group_utility(std::size_t group, std::span<const double> values, GroupSize size) {
  const std::vector<double> ascending = sorted(values);
  return {group, values.size(), mean_of(values),
          std::sqrt(sample_variance(ascending) / static_cast<double>(ascending.size())), size};
}

}  // namespace

UtilityFairness utility_fairness(std::span<const double> values, const Groups& groups, const GroupSizes& sizes) {
  if (values.size() != groups.of().size()) {
    throw DataError(fmt::format("{} utilities for {} users", values.size(), groups.of().size()),
                    "every user needs one utility");
  }
  std::vector<std::vector<double>> of_group(groups.size());
  for (std::size_t u = 0; u < values.size(); ++u) {
    if (groups.of()[u] != Groups::k_none) of_group[static_cast<std::size_t>(groups.of()[u])].push_back(values[u]);
  }
  UtilityFairness result;
  result.mean = mean_of(values);
  result.worst_tenth = lower_tail_mean(values);
  result.gini = gini_of(values);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    result.groups.push_back(group_utility(g, of_group[g], groups.size_of(g, sizes)));
  }
  const std::vector<std::size_t> large = groups.large_enough(sizes);
  if (large.size() < 2) return result;
  const auto by_mean = [&](std::size_t a, std::size_t b) { return result.groups[a].mean < result.groups[b].mean; };
  result.worst = *std::min_element(large.begin(), large.end(), by_mean);
  result.best = *std::max_element(large.begin(), large.end(), by_mean);
  result.gap = result.groups[*result.best].mean - result.groups[*result.worst].mean;
  return result;
}

double lower_tail_mean(std::span<const double> values, double share) {
  if (!(share > 0.0 && share <= 1.0)) {
    throw ConfigError(fmt::format("mean of the worst {} of the users", share), "a share lies in (0, 1]", "use 0.1");
  }
  if (values.empty()) return 0.0;
  const std::vector<double> ascending = sorted(values);
  const double wanted = share * static_cast<double>(ascending.size());
  double sum = 0.0, taken = 0.0;
  for (const double value : ascending) {
    const double part = std::min(1.0, wanted - taken);
    if (part <= 0.0) break;
    sum += part * value;
    taken += part;
  }
  return sum / wanted;
}

double gini_of(std::span<const double> values) {
  const std::vector<double> ascending = sorted(values);
  const auto n = static_cast<double>(ascending.size());
  double weighted = 0.0, total = 0.0, place = 0.0;
  for (const double value : ascending) {
    if (!(value >= 0.0)) {
      throw NumericError(fmt::format("Gini of a list that holds {}", value), "it is defined for values >= 0");
    }
    place += 1.0;
    weighted += (2.0 * place - n - 1.0) * value;
    total += value;
  }
  return total > 0.0 ? weighted / (n * total) : 0.0;
}

}  // namespace coldframe
