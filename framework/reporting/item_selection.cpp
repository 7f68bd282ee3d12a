#include "framework/reporting/item_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/evaluation/exposure.h"
#include "framework/reporting/attribute_groups.h"

namespace coldframe {
namespace {

std::vector<ItemId> with_value(const EntityTable& items, std::string_view column, std::string_view value) {
  const ItemGroups groups = item_attribute_groups(items, column);
  const auto label = std::ranges::find(groups.labels, value);
  if (label == groups.labels.end()) {
    throw ConfigError(fmt::format("items {}={}", column, value), fmt::format("no item has this value of {}", column),
                      suggest_name(std::string(value), groups.labels));
  }
  return groups.members(static_cast<std::size_t>(label - groups.labels.begin()));
}

std::vector<ItemId> never_liked(std::span<const std::uint64_t> train_counts) {
  std::vector<ItemId> cold;
  for (std::uint32_t i = 0; i < train_counts.size(); ++i) {
    if (train_counts[i] == 0) cold.emplace_back(i);
  }
  return cold;
}

}  // namespace

std::vector<ItemId> select_items(const EntityTable& items, std::span<const std::uint64_t> train_counts,
                                 std::string_view rule) {
  std::vector<ItemId> chosen;
  const std::size_t equals = rule.find('=');
  if (rule == "tail") {
    chosen = tail_items(train_counts);
  } else if (rule == "cold") {
    chosen = never_liked(train_counts);
  } else if (equals != std::string_view::npos) {
    chosen = with_value(items, rule.substr(0, equals), rule.substr(equals + 1));
  } else {
    throw ConfigError(fmt::format("there are no items \"{}\"", rule), "the rule is none that is known",
                      "give tail, cold or COLUMN=VALUE, for example genres=Drama");
  }
  if (chosen.empty() || chosen.size() == items.size()) {
    throw ConfigError(fmt::format("items \"{}\"", rule), fmt::format("{} of {} items fit", chosen.size(), items.size()),
                      "name a part of the catalogue");
  }
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace coldframe
