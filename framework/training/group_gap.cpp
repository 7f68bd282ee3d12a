#include "framework/training/group_gap.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {

std::vector<double> group_sums(const LossBatch& batch, std::span<const double> losses, std::size_t begin,
                               std::size_t groups) {
  CF_EXPECTS(begin + losses.size() <= batch.groups.size());
  std::vector<double> sums(groups, 0.0);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::int32_t group = batch.groups[begin + i];
    if (group >= 0) sums[static_cast<std::size_t>(group)] += losses[i];
  }
  return sums;
}

GroupGap group_gap(const LossBatch& batch, std::span<const double> sums, double strength) {
  std::vector<double> members(sums.size(), 0.0);
  for (const std::int32_t group : batch.groups) {
    if (group >= 0) members[static_cast<std::size_t>(group)] += 1;
  }
  std::vector<double> means(sums.size(), 0.0);
  double present = 0, total = 0, least = INFINITY, most = -INFINITY;
  for (std::size_t g = 0; g < sums.size(); ++g) {
    if (members[g] == 0) continue;
    means[g] = sums[g] / members[g];
    present += 1;
    total += means[g];
    least = std::min(least, means[g]);
    most = std::max(most, means[g]);
  }
  GroupGap found;
  for (std::size_t i = 0; i < batch.anchor_rows.size(); ++i) found.weights.push_back(batch.weight(i));
  if (present < 2) return found;
  // sum_{g < h} (M_g - M_h)^2 = present sum_g (M_g - centre)^2, and sum_h (M_g - M_h) = present (M_g - centre).
  const double factor = strength * 2 / (present - 1), centre = total / present;
  found.gap = most - least;
  for (std::size_t g = 0; g < sums.size(); ++g) {
    if (members[g] > 0) found.penalty += factor * (means[g] - centre) * (means[g] - centre);
  }
  for (std::size_t i = 0; i < found.weights.size(); ++i) {
    const std::int32_t group = batch.groups[i];
    if (group < 0) continue;
    const auto g = static_cast<std::size_t>(group);
    found.weights[i] += 2 * factor / members[g] * (means[g] - centre);
  }
  return found;
}

std::size_t group_count(const LossBatch& batch) {
  if (batch.groups.empty()) return 0;
  return static_cast<std::size_t>(*std::ranges::max_element(batch.groups) + 1);
}

std::vector<double> group_weights(std::span<const std::size_t> members, double exponent) {
  double users = 0, scaled = 0;
  for (const std::size_t count : members) {
    if (count == 0) continue;
    users += static_cast<double>(count);
    scaled += std::pow(static_cast<double>(count), 1 - exponent);
  }
  std::vector<double> weights;
  for (const std::size_t count : members) {
    weights.push_back(count == 0 ? 0.0 : users * std::pow(static_cast<double>(count), -exponent) / scaled);
  }
  return weights;
}

}  // namespace coldframe
