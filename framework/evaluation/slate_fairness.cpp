#include "framework/evaluation/slate_fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/core/error.h"

namespace coldframe {
namespace {

void require_grouped(std::size_t users, const Groups& groups) {
  if (users != groups.of().size()) {
    throw DataError(fmt::format("slates of {} users in groups of {}", users, groups.of().size()),
                    "every user needs one slate");
  }
}

}  // namespace

ItemGroups ItemGroups::make(std::string name, std::span<const std::vector<std::string>> labels) {
  std::map<std::string, std::uint32_t> index;
  for (const auto& of_item : labels) {
    for (const std::string& label : of_item) index.emplace(label, 0);
  }
  ItemGroups groups{std::move(name), {}, {}};
  for (auto& [label, place] : index) {
    place = static_cast<std::uint32_t>(groups.labels.size());
    groups.labels.push_back(label);
  }
  for (const auto& of_item : labels) {
    std::vector<std::uint32_t> of;
    for (const std::string& label : of_item) of.push_back(index[label]);
    std::sort(of.begin(), of.end());
    of.erase(std::unique(of.begin(), of.end()), of.end());
    groups.of.push_back(std::move(of));
  }
  return groups;
}

std::vector<ItemId> ItemGroups::members(std::size_t group) const {
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < of.size(); ++i) {
    if (std::binary_search(of[i].begin(), of[i].end(), static_cast<std::uint32_t>(group))) items.emplace_back(i);
  }
  return items;
}

std::vector<SlateParity> slate_parity(std::span<const ServedUser> users, const Groups& user_groups,
                                      const ItemGroups& item_groups, const GroupSizes& sizes) {
  require_grouped(users.size(), user_groups);
  const std::size_t kinds = item_groups.labels.size();
  std::vector<std::uint64_t> slots(user_groups.size(), 0), filled(user_groups.size() * kinds, 0);
  for (std::size_t u = 0; u < users.size(); ++u) {
    if (user_groups.of()[u] == Groups::k_none) continue;
    const auto group = static_cast<std::size_t>(user_groups.of()[u]);
    slots[group] += users[u].slate.size();
    for (const ItemId item : users[u].slate) {
      for (const std::uint32_t kind : item_groups.of[item.value()]) ++filled[group * kinds + kind];
    }
  }
  const std::vector<std::size_t> large = user_groups.large_enough(sizes);
  std::vector<SlateParity> result;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    SlateParity parity{kind, std::vector<std::optional<double>>(user_groups.size()), std::nullopt};
    double low = 1.0, high = 0.0;
    for (const std::size_t group : large) {
      const double share = slots[group] == 0
                               ? 0.0
                               : static_cast<double>(filled[group * kinds + kind]) / static_cast<double>(slots[group]);
      parity.shares[group] = share;
      low = std::min(low, share);
      high = std::max(high, share);
    }
    if (large.size() >= 2) parity.largest_difference = high - low;
    result.push_back(std::move(parity));
  }
  return result;
}

std::vector<DecisionCounts> slate_decisions(std::span<const ServedUser> users, const Groups& user_groups) {
  require_grouped(users.size(), user_groups);
  std::vector<DecisionCounts> counts(user_groups.size());
  for (std::size_t u = 0; u < users.size(); ++u) {
    if (user_groups.of()[u] == Groups::k_none) continue;
    const ServedUser& user = users[u];
    counts[static_cast<std::size_t>(user_groups.of()[u])] +=
        {user.candidates, user.slate.size(), user.targets, user.hits};
  }
  return counts;
}

}  // namespace coldframe
