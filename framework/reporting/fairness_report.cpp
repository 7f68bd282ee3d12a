#include "framework/reporting/fairness_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/evaluation/gap_null.h"
#include "framework/evaluation/significance.h"
#include "framework/evaluation/utility_fairness.h"
#include "framework/reporting/fairness_items.h"
#include "framework/reporting/fairness_reranking.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::vector<ServedUser> served(const FairnessInput& input, const ServedScorer& scorer) {
  std::vector<ServedUser> users;
  for (std::size_t u = 0; u < input.users.size(); ++u) {
    const std::vector<ItemId>& targets = input.targets[u];
    const auto hits = std::ranges::count_if(
        scorer.slates[u], [&](ItemId item) { return std::ranges::find(targets, item) != targets.end(); });
    users.push_back({scorer.slates[u], input.candidates[u], targets.size(), static_cast<std::size_t>(hits)});
  }
  return users;
}

/// Holm over the whole table, written into its rows.
void add_holm(Json& rows) {
  std::vector<double> p_values;
  for (const Json& row : rows) {
    if (row.contains("p")) p_values.push_back(row["p"]);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::size_t next = 0;
  for (Json& row : rows) {
    if (row.contains("p")) row["holm_p"] = adjusted[next++];
  }
}

Json group_rows(const FairnessInput& input, const FairnessRules& rules, const ServedScorer& scorer,
                const Groups& groups) {
  const UtilityFairness fairness = utility_fairness(scorer.utility, groups, rules.sizes);
  Json rows = Json::array();
  for (const GroupUtility& group : fairness.groups) {
    Json row{{"scorer", scorer.name},
             {"grouping", groups.name()},
             {"group", groups.label(group.group)},
             {"users", group.users},
             {"note", to_string(group.size)}};
    if (group.size != GroupSize::too_few) {
      PairedBootstrap bootstrap(1, rules.bootstrap);
      for (std::size_t u = 0; u < input.users.size(); ++u) {
        if (groups.of()[u] == static_cast<std::int32_t>(group.group)) {
          bootstrap.add(input.users[u], std::span(&scorer.utility[u], 1));
        }
      }
      row["mean"] = to_json(bootstrap.mean(0));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json gap_row(const FairnessInput& input, const FairnessRules& rules, const ServedScorer& scorer, const Groups& groups) {
  const UtilityFairness fairness = utility_fairness(scorer.utility, groups, rules.sizes);
  Json row{{"scorer", scorer.name},
           {"grouping", groups.name()},
           {"mean", fairness.mean},
           {"worst_tenth", fairness.worst_tenth},
           {"gini", fairness.gini}};
  const auto strata = rank_strata(input.history_lengths, rules.history_strata);
  const auto null = group_gap_null(input.users, scorer.utility, groups, strata,
                                   {rules.permutations, rules.bootstrap.seed, rules.sizes});
  if (!null) return row;
  row["worst"] = groups.label(*fairness.worst);
  row["best"] = groups.label(*fairness.best);
  row["gap"] = null->gap;
  row["null_95"] = null->null_95;
  row["p"] = null->p_value;
  // Decisions over pairs; a group that is too small stays out here as well.
  const std::vector<DecisionCounts> all = slate_decisions(served(input, scorer), groups);
  std::vector<DecisionCounts> large;
  for (const std::size_t g : groups.large_enough(rules.sizes)) large.push_back(all[g]);
  row["equalised_odds"] = or_null(equalised_odds_difference(large));
  return row;
}

Json gap_table(const FairnessInput& input, const FairnessRules& rules) {
  TableBuilder table(
      "gaps", fmt::format("{} between groups of users, k = {}", input.utility_name, input.shots),
      fmt::format("gap = largest - smallest group mean; null: {} permutations of labels within {} strata "
                  "of history length; Holm over this table; worst tenth and Gini over all users",
                  rules.permutations, rules.history_strata));
  table.column("scorer", "scorer").column("grouping", "grouping").column("mean", "mean").column("worst", "worst group");
  table.column("best", "best group").column("gap", "gap").column("null_95", "null 95 %").column("p", "p");
  table.column("holm_p", "Holm p").column("worst_tenth", "worst tenth").column("gini", "Gini");
  table.column("equalised_odds", "equalised odds");
  for (const Groups& groups : input.groups) {
    for (const ServedScorer& scorer : input.scorers) table.row(gap_row(input, rules, scorer, groups));
  }
  Json taken = table.take();
  add_holm(taken["rows"]);
  return taken;
}

/// Against whom the gap of a strategy is set: every baseline, and later strategies of its kind.
std::vector<const ServedScorer*> opponents(const FairnessInput& input, const ServedScorer& strategy) {
  std::vector<const ServedScorer*> found;
  for (const ServedScorer& scorer : input.scorers) {
    if (scorer.role == "baseline" || scorer.role == "floor") found.push_back(&scorer);
  }
  for (const ServedScorer& scorer : input.scorers) {
    if (scorer.role == "strategy" && scorer.with_prior == strategy.with_prior && &scorer > &strategy)
      found.push_back(&scorer);
  }
  return found;
}

Json difference_table(const FairnessInput& input, const FairnessRules& rules) {
  TableBuilder table(
      "gap-differences", "Gap of a strategy minus gap of a baseline, or of another strategy",
      "null: the two are swapped within users; two-sided; Holm over this table; negative = the strategy is "
      "the more even one");
  table.column("grouping", "grouping").column("strategy", "strategy").column("baseline", "against");
  table.column("difference", "difference").column("null_95", "null 95 %").column("p", "p").column("holm_p", "Holm p");
  for (const Groups& groups : input.groups) {
    for (const ServedScorer& strategy : input.scorers) {
      if (strategy.role != "strategy") continue;
      for (const ServedScorer* opponent : opponents(input, strategy)) {
        const auto null = gap_difference_null(input.users, strategy.utility, opponent->utility, groups,
                                              {rules.permutations, rules.bootstrap.seed, rules.sizes});
        if (!null) continue;
        table.row({{"grouping", groups.name()},
                   {"strategy", strategy.name},
                   {"baseline", opponent->name},
                   {"difference", null->gap},
                   {"null_95", null->null_95},
                   {"p", null->p_value}});
      }
    }
  }
  Json taken = table.take();
  add_holm(taken["rows"]);
  return taken;
}

Json parity_table(const FairnessInput& input, const FairnessRules& rules) {
  TableBuilder table(
      "parity", fmt::format("What fills the slots: share of {} per group of users", input.item_groups.name),
      "raw differences of slate shares; selection itself is equal, each user has the same number of slots");
  table.column("scorer", "scorer").column("grouping", "grouping").column("item_group", "items");
  table.column("smallest", "smallest share").column("largest", "largest share").column("difference", "difference");
  for (const Groups& groups : input.groups) {
    for (const ServedScorer& scorer : input.scorers) {
      for (const SlateParity& parity : slate_parity(served(input, scorer), groups, input.item_groups, rules.sizes)) {
        if (!parity.largest_difference) continue;
        double low = 1.0, high = 0.0;
        for (const auto& share : parity.shares) {
          if (share) low = std::min(low, *share), high = std::max(high, *share);
        }
        table.row({{"scorer", scorer.name},
                   {"grouping", groups.name()},
                   {"item_group", input.item_groups.labels[parity.item_group]},
                   {"smallest", low},
                   {"largest", high},
                   {"difference", *parity.largest_difference}});
      }
    }
  }
  return table.take();
}

/// The smallest p that permutations can show is 1 / (permutations + 1); Holm multiplies it by the rows of the table.
void limit_by_permutations(const Json& tables, const FairnessRules& rules, Json& limits) {
  for (const Json& table : tables) {
    const auto id = table.at("id").get<std::string>();
    if (id != "gaps" && id != "gap-differences") continue;
    const auto rows = std::ranges::count_if(table.at("rows"), [](const Json& row) { return row.contains("holm_p"); });
    const double smallest = static_cast<double>(rows) / (static_cast<double>(rules.permutations) + 1.0);
    if (smallest <= rules.alpha) continue;
    limits.push_back(fmt::format(
        "{}: nothing can be told from chance, since {} permutations and Holm over {} rows leave no p below {:.3f}; "
        "give "
        "--permutations {:.0f} or fewer groupings",
        id, rules.permutations, rows, std::min(1.0, smallest), std::ceil(static_cast<double>(rows) / rules.alpha)));
  }
}

Json limits_of(const FairnessInput& input, const FairnessRules& rules, const Json& tables) {
  Json limits = Json::array();
  limit_by_permutations(tables, rules, limits);
  for (const Groups& groups : input.groups) {
    std::vector<std::string> few;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (groups.size_of(g, rules.sizes) != GroupSize::enough) {
        few.push_back(fmt::format("{} ({})", groups.label(g), groups.members(g)));
      }
    }
    if (!few.empty()) {
      limits.push_back(
          fmt::format("{}: fewer than {} users, in no gap: {}", groups.name(), rules.sizes.gap, fmt::join(few, ", ")));
    }
    if (groups.large_enough(rules.sizes).size() < 2) {
      limits.push_back(
          fmt::format("{}: no gap can be stated, fewer than two groups have {} users; pool folds or cut more "
                      "coarsely",
                      groups.name(), rules.sizes.gap));
    }
    if (groups.without_value() > 0) {
      limits.push_back(
          fmt::format("{}: {} users have no value and are in no group", groups.name(), groups.without_value()));
    }
  }
  limits.push_back(
      "value, absolute, under- and over-unfairness: n/a (cosines predict no rating); of probabilities of a like "
      "`coldframe "
      "evaluate` tells them");
  limits.push_back("gap as share of the attainable range: n/a (real people have no informed oracle)");
  limits.push_back(input.folds > 1
                       ? fmt::format("{} runs, one of each fold: other seeds may have other gaps", input.folds)
                       : "one training run says nothing about its strategy: other seeds may have other gaps");
  return limits;
}

}  // namespace

Json fairness_report(const FairnessInput& input, const FairnessRules& rules) {
  TableBuilder groups("groups", fmt::format("{} of each group, k = {}", input.utility_name, input.shots));
  groups.column("scorer", "scorer").column("grouping", "grouping").column("group", "group").column("users", "users");
  groups.column("mean", "mean").column("note", "");
  for (const Groups& grouping : input.groups) {
    for (const ServedScorer& scorer : input.scorers) {
      for (Json& row : group_rows(input, rules, scorer, grouping)) groups.row(std::move(row));
    }
  }
  Json strategies = Json::array();
  for (const ServedScorer& scorer : input.scorers) {
    if (scorer.role == "strategy" && !scorer.name.ends_with(" + item prior")) strategies.push_back(scorer.name);
  }
  Json tables = Json::array();
  tables.push_back(groups.take());
  tables.push_back(gap_table(input, rules));
  tables.push_back(difference_table(input, rules));
  if (!input.item_groups.labels.empty()) tables.push_back(parity_table(input, rules));
  append_item_tables(input, rules, tables);
  append_reranking_table(input, rules, tables);
  Json limits = limits_of(input, rules, tables);
  return {{"format", 1},
          {"facts",
           {{"users", input.users.size()},
            {"items", input.train_counts.size()},
            {"folds", input.folds},
            {"shots", input.shots},
            {"slate_length", input.slate_length},
            {"strategies", std::move(strategies)},
            {"utility", input.utility_name}}},
          {"tables", std::move(tables)},
          {"limits", std::move(limits)}};
}

std::string fairness_text(const Json& report) {
  std::string text;
  for (const Json& table : report.at("tables")) {
    if (!table.at("rows").empty()) text += table_text(table) + '\n';
  }
  text += "what cannot be concluded:\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  return text;
}

}  // namespace coldframe
