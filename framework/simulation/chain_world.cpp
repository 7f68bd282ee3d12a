#include "framework/simulation/chain_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/evaluation/lbfgs.h"
#include "framework/simulation/detail/chain_objective.h"

namespace coldframe {
namespace {

constexpr std::size_t k_least_together = 2;  // users who like both: a link needs more than one witness

struct Candidate {
  std::uint32_t item;
  double excess;  // standardised
};

/// Links of one anchor: the items with the largest standardised excess of users who like both, ascending.
std::vector<std::uint32_t> links_of(std::uint32_t anchor, const WorldData& data, std::span<const std::size_t> fans,
                                    std::span<const double> share, std::size_t most) {
  std::vector<double> together(data.item_count, 0.0);
  std::vector<std::size_t> witnesses(data.item_count, 0);
  double weight = 0;
  for (const std::size_t u : fans) {
    const WorldUser& user = data.users[u];
    if (user.likes.size() < 2) continue;
    weight += user.weight;
    for (const std::uint32_t item : user.likes) {
      together[item] += user.weight / static_cast<double>(user.likes.size() - 1);
      ++witnesses[item];
    }
  }
  std::vector<Candidate> candidates;
  for (std::uint32_t item = 0; item < data.item_count; ++item) {
    const double expected = weight * share[item];
    if (item == anchor || witnesses[item] < k_least_together || together[item] <= expected) continue;
    candidates.push_back({item, (together[item] - expected) / std::sqrt(expected)});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.excess != b.excess ? a.excess > b.excess : a.item < b.item;
  });
  candidates.resize(std::min(candidates.size(), most));
  std::vector<std::uint32_t> items;
  for (const Candidate& candidate : candidates) items.push_back(candidate.item);
  std::sort(items.begin(), items.end());
  return items;
}

ChainParameters starting_parameters(const WorldData& data, const ChainFitOptions& options) {
  ChainParameters p;
  p.items = data.item_count;
  p.groups = data.group_count;
  p.attribute_size = data.attribute_size;
  p.length = options.length;
  const std::vector<double> share = item_shares(data, options.pseudo_count);
  for (const double value : share) p.item_bias.push_back(std::log(value));
  p.group_bias.assign(p.groups * p.items, 0.0);
  p.attribute_effect.assign(p.attribute_size * p.items, 0.0);
  std::vector<std::vector<std::size_t>> fans(p.items);
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    for (const std::uint32_t item : data.users[u].likes) fans[item].push_back(u);
  }
  p.link_begin.push_back(0);
  for (std::uint32_t anchor = 0; anchor < p.items; ++anchor) {
    const std::vector<std::uint32_t> links = links_of(anchor, data, fans[anchor], share, options.neighbours);
    p.link_item.insert(p.link_item.end(), links.begin(), links.end());
    p.link_begin.push_back(p.link_item.size());
  }
  p.link_strength.assign(p.link_item.size(), 0.0);
  return p;
}

}  // namespace

ChainFit fit_chain(const WorldData& data, const ChainFitOptions& options, const ChainParameters* start) {
  if (data.users.empty() || data.item_count < 2) {
    throw DataError(fmt::format("chain world of {} users and {} items", data.users.size(), data.item_count),
                    "needs at least one user with likes and two items", "use more users, or another fold");
  }
  if (options.length == 0 || options.length >= data.item_count) {
    throw ConfigError(fmt::format("population.chain_length = {}", options.length),
                      fmt::format("must be from 1 to below the {} items", data.item_count));
  }
  ChainFit fit;
  fit.parameters = start != nullptr ? *start : starting_parameters(data, options);
  const detail::ChainObjective objective(data, options, fit.parameters);
  std::vector<double> flat = detail::to_flat(fit.parameters);
  fit.objective =
      maximise_lbfgs([&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
                     flat, {options.iterations, options.tolerance * data.like_weight()});
  detail::from_flat(flat, fit.parameters);
  objective.center_groups(fit.parameters);
  return fit;
}

}  // namespace coldframe
