#include "framework/reporting/fairness_items.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/evaluation/exposure.h"
#include "framework/evaluation/gap_null.h"
#include "framework/evaluation/item_fairness.h"
#include "framework/evaluation/rarefaction.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t k_impressions = 10;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::vector<double> merits(const FairnessInput& input) {
  std::vector<double> merit(input.train_counts.size(), 0.0);
  for (const auto& targets : input.targets) {
    for (const ItemId item : targets) merit[item.value()] += 1.0;
  }
  return merit;
}

std::vector<double> exposures(const FairnessInput& input, const ServedScorer& scorer) {
  PositionExposure exposure(input.train_counts.size(), logarithmic_attention(input.slate_length));
  for (const auto& slate : scorer.slates) exposure.add_slate(slate);
  return exposure.all();
}

std::vector<ItemId> others(std::span<const ItemId> items, std::size_t catalogue) {
  std::vector<std::uint8_t> inside(catalogue, 0);
  for (const ItemId item : items) inside[item.value()] = 1;
  std::vector<ItemId> rest;
  for (std::uint32_t i = 0; i < catalogue; ++i) {
    if (inside[i] == 0) rest.emplace_back(i);
  }
  return rest;
}

/// Slots with a tail item over slots, resampled by users.
Json tail_share(const FairnessInput& input, const FairnessRules& rules, const ServedScorer& scorer,
                std::span<const ItemId> tail) {
  std::vector<std::uint8_t> in_tail(input.train_counts.size(), 0);
  for (const ItemId item : tail) in_tail[item.value()] = 1;
  PairedBootstrap bootstrap(2, rules.bootstrap);
  for (std::size_t u = 0; u < input.users.size(); ++u) {
    double inside = 0.0;
    for (const ItemId item : scorer.slates[u]) inside += in_tail[item.value()];
    const double values[] = {inside, static_cast<double>(scorer.slates[u].size())};
    bootstrap.add(input.users[u], values);
  }
  return to_json(bootstrap.ratio(0, 1));
}

Json item_row(const FairnessInput& input, const FairnessRules& rules, const ServedScorer& scorer,
              std::span<const double> merit) {
  const std::size_t catalogue = input.train_counts.size();
  const std::vector<double> exposure = exposures(input, scorer);
  const std::vector<ItemId> tail = tail_items(input.train_counts), head = others(tail, catalogue);
  std::vector<ItemId> cold;
  for (std::uint32_t i = 0; i < catalogue; ++i) {
    if (input.train_counts[i] == 0) cold.emplace_back(i);
  }
  Exposure shown(catalogue);
  for (const auto& slate : scorer.slates) shown.add_list(slate);
  const auto concentration = [&](std::span<const std::size_t> users) {
    Exposure drawn(catalogue);
    for (const std::size_t u : users) drawn.add_list(scorer.slates[u]);
    return drawn.gini();
  };
  const std::size_t half = input.users.size() / 2;
  std::size_t reached = 0;
  for (const ItemId item : cold) reached += shown.counts()[item.value()] >= k_impressions ? 1 : 0;
  Json row{{"scorer", scorer.name},
           {"coverage", shown.coverage()},
           {"rarefied", rarefied_distinct(shown.counts(), input.users.size(), half) / static_cast<double>(catalogue)},
           {"tail_share", tail_share(input, rules, scorer, tail)},
           {"tail_treatment", or_null(disparate_treatment(exposure, merit, tail, head))},
           {"cold_over_merit", or_null(exposure_over_merit(exposure, merit, cold))},
           {"cold_reached", fmt::format("{} of {}", reached, cold.size())},
           {"inequity", or_null(inequity_of_attention(exposure, merit))}};
  const auto gini = subsampled(input.users, concentration, {half, 200, rules.bootstrap.level, rules.bootstrap.seed});
  if (gini) row["gini"] = {{"value", gini->mean}, {"low", gini->range.low}, {"high", gini->range.high}};
  return row;
}

Json association_table(const FairnessInput& input, const FairnessRules& rules) {
  TableBuilder table("item-association", fmt::format("Exposure of {} beyond their popularity", input.item_groups.name),
                     fmt::format("gap of mean exposure per item between those in the group and the rest; null: {} "
                                 "permutations within {} strata of popularity",
                                 rules.permutations, rules.popularity_strata));
  table.column("scorer", "scorer").column("item_group", "items").column("members", "members").column("gap", "gap");
  table.column("null_95", "null 95 %").column("p", "p");
  const auto strata = rank_strata(input.train_counts, rules.popularity_strata);
  for (const ServedScorer& scorer : input.scorers) {
    if (scorer.role != "strategy") continue;
    const std::vector<double> exposure = exposures(input, scorer);
    for (std::size_t g = 0; g < input.item_groups.labels.size(); ++g) {
      std::vector<std::string> labels(input.train_counts.size(), "rest");
      const std::vector<ItemId> members = input.item_groups.members(g);
      for (const ItemId item : members) labels[item.value()] = "group";
      const auto null = group_gap_null(input.item_keys, exposure, Groups("items", labels), strata,
                                       {rules.permutations, rules.bootstrap.seed, rules.sizes});
      if (!null) continue;
      table.row({{"scorer", scorer.name},
                 {"item_group", input.item_groups.labels[g]},
                 {"members", members.size()},
                 {"gap", null->gap},
                 {"null_95", null->null_95},
                 {"p", null->p_value}});
    }
  }
  return table.take();
}

}  // namespace

void append_item_tables(const FairnessInput& input, const FairnessRules& rules, Json& tables) {
  const std::vector<double> merit = merits(input);
  TableBuilder table(
      "items", fmt::format("Items in the top {}, k = {}", input.slate_length, input.shots),
      fmt::format(
          "tail: the 80 % least liked in training; cold: no like in training; rarefied coverage and Gini at {} users "
          "(Gini: m out of n without replacement, range of 200 draws); treatment: exposure by place over merit, "
          "tail against the rest; merit: users who hold the item as a target; reached: shown {} times",
          input.users.size() / 2, k_impressions));
  table.column("scorer", "scorer").column("coverage", "coverage").column("rarefied", "rarefied coverage");
  table.column("gini", "Gini of exposure").column("tail_share", "tail share");
  table.column("tail_treatment", "treatment of the tail").column("cold_over_merit", "cold exposure / merit");
  table.column("cold_reached", "cold reached").column("inequity", "inequity of attention");
  for (const ServedScorer& scorer : input.scorers) table.row(item_row(input, rules, scorer, merit));
  tables.push_back(table.take());
  if (!input.item_groups.labels.empty()) tables.push_back(association_table(input, rules));
}

}  // namespace coldframe
