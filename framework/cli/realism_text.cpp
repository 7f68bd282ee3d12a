#include "framework/cli/realism_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "framework/evaluation/distributions.h"
#include "framework/evaluation/significance.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_named_features = 3;

Json cell(const Estimate& estimate) {
  if (std::isnan(estimate.value)) return "n/a";
  return to_json(estimate);
}

Json row_of(const WorldRealism& row, bool likelihood) {
  return {{"world", row.world},
          {"log_likelihood", likelihood ? cell(row.log_likelihood) : Json()},
          {"over_unigram", likelihood ? cell(row.over_unigram) : Json()},
          {"popularity", cell(row.taste.popularity_distance)},
          {"co_occurrence", cell(row.taste.co_occurrence)},
          {"groups", cell(row.taste.group_taste)}};
}

Json worlds_table(const RealismFacts& facts) {
  TableBuilder table(
      "worlds", "Likes of role H beside those of twins",
      fmt::format("{:.0f} % intervals over users; a world's fit is taken as it is. First row: the people "
                  "of W, with their smoothed counts as likelihood. Last row: a wrong world, whose items "
                  "exchanged names with others as popular",
                  100 * facts.level));
  table.column("world", "").column("log_likelihood", "log p/like").column("over_unigram", "- unigram");
  table.column("popularity", "popularity TV").column("co_occurrence", "co-occurrence r").column("groups", "groups r");
  table.row(row_of(facts.realism.people, true));
  for (const WorldRealism& world : facts.realism.worlds) table.row(row_of(world, true));
  table.row(row_of(facts.realism.renamed, false));
  return table.take();
}

/// The features that tell most by themselves.
std::string strongest(const Separation& separation, const std::vector<std::string>& names) {
  std::vector<std::size_t> order(separation.alone.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(separation.alone[a] - 0.5) > std::abs(separation.alone[b] - 0.5);
  });
  order.resize(std::min(order.size(), k_named_features));
  std::vector<std::string> parts;
  for (const std::size_t f : order) parts.push_back(fmt::format("{} {:.2f}", names[f], separation.alone[f]));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Json separation_row(const WorldRealism& row, const RealismFacts& facts) {
  const Separation& separation = row.separation;
  if (std::isnan(separation.auc.value)) return {{"world", row.world}, {"auc", "too few users"}};
  const double deviation = separation.null_deviation;
  const double reach = normal_quantile(0.5 + 0.5 * facts.level) * deviation;
  std::string said = "not told apart";
  if (separation.auc.interval && !separation.auc.interval->contains(0.5)) {
    said = separation.auc.interval->low > 0.5 ? "told apart" : "below .5: chance";
  }
  return {{"world", row.world},
          {"auc", to_json(separation.auc)},
          {"null", fmt::format("[{:.3f}, {:.3f}]", 0.5 - reach, 0.5 + reach)},
          {"found", 0.5 + minimum_detectable_effect(deviation * deviation, 1, 1.0 - facts.level)},
          {"said", said},
          {"features", strongest(separation, facts.realism.features)}};
}

Json separation_table(const RealismFacts& facts) {
  TableBuilder table(
      "separation", "Can a classifier tell people of H from twins by their likes?",
      "AUC of a cross-fitted logistic regression on features of a user's likes; .5: it cannot. An interval keeps the "
      "fits. Smallest found: the AUC that 80 % of such samples would show. Features with their AUC alone; below .5: "
      "lower for people. First row: people of one half of W");
  table.column("world", "").column("auc", "AUC").column("null", "by chance").column("found", "smallest found");
  table.column("said", "").column("features", "what tells most");
  table.row(separation_row(facts.realism.people, facts));
  for (const WorldRealism& world : facts.realism.worlds) table.row(separation_row(world, facts));
  table.row(separation_row(facts.realism.renamed, facts));
  return table.take();
}

Json order_row(const std::string& world, const OrderAgreement& order) {
  if (order.tau.users < RealismOptions().least_classified) return {{"world", world}, {"tau", "too few users"}};
  if (std::isnan(order.tau.value)) return {{"world", world}, {"tau", "all policies equal"}};
  return {{"world", world},
          {"tau", to_json(order.tau)},
          {"null", fmt::format("[{:.3f}, {:.3f}]", order.null.low, order.null.high)},
          {"p", order.p_value}};
}

Json order_table(const RealismFacts& facts) {
  const OrderAgreement& first = facts.orders.front().second;
  TableBuilder table(
      "order", fmt::format("Are {} policies ranked as people rank them?", facts.policies.size()),
      fmt::format(
          "Kendall's tau of NDCG@10 after {} likes on {} people of H and on their twins; by chance: policies "
          "permuted. Halves of the people agree with tau {:.3f}: much more cannot be asked of a world. One that is not "
          "above the renamed one agrees by popularity alone",
          facts.shots, first.tau.users, first.of_halves));
  table.column("world", "").column("tau", "tau").column("null", "by chance").column("p", "p");
  for (const auto& [world, order] : facts.orders) table.row(order_row(world, order));
  return table.take();
}

}  // namespace

nlohmann::json realism_report(const RealismFacts& facts) {
  Json tables = Json::array({worlds_table(facts), separation_table(facts)});
  if (!facts.orders.empty()) tables.push_back(order_table(facts));
  Json unknown = Json::array();
  for (const CardEntry& entry : facts.population.card) {
    if (entry.identifiability != Identifiability::not_identifiable) continue;
    unknown.push_back({{"name", entry.name}, {"why", entry.evidence}});
  }
  return {{"facts",
           {{"data", facts.population.data_name},
            {"users", facts.realism.held_out_users},
            {"likes", facts.realism.held_out_likes},
            {"policies", facts.policies},
            {"not_identifiable", std::move(unknown)}}},
          {"tables", std::move(tables)}};
}

std::string realism_text(const nlohmann::json& report) {
  const Json& facts = report.at("facts");
  std::string text =
      fmt::format("population of {} against {} users of role H with {} likes\n\n", facts.at("data").get<std::string>(),
                  facts.at("users").get<std::size_t>(), facts.at("likes").get<std::size_t>());
  if (facts.contains("impressions") && facts.at("impressions").contains("pages")) {
    const Json& log = facts.at("impressions");
    text += fmt::format("log {} with {} pages of {} users\n\n", log.at("log").get<std::string>(),
                        log.at("pages").get<std::size_t>(), log.at("users").get<std::size_t>());
  }
  for (const Json& table : report.at("tables")) text += table_text(table) + '\n';
  text +=
      "A twin has the attributes and the number of likes of a user of H: activity and the law of attributes are not "
      "tested.\n\nnot identifiable from this log:\n";
  for (const Json& entry : facts.at("not_identifiable")) {
    text += fmt::format("  {:<28} {}\n", entry.at("name").get<std::string>(), entry.at("why").get<std::string>());
  }
  return text;
}

}  // namespace coldframe
