#include "framework/reporting/poisoning_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/significance.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;
using Value = std::function<double(const PushedUser&, std::size_t side)>;

/// One measure of some users on both sides.
struct Compared {
  Estimate clean, poisoned;
  Estimate difference;  // poisoned - clean
  double p_value = 1.0;
  double detectable = 0.0;
};

Compared compare(const std::vector<PushedUser>& users, const Value& value, const VerdictRules& rules) {
  BootstrapOptions options = rules.bootstrap;
  options.level = 1.0 - rules.alpha;
  PairedBootstrap bootstrap(2, options);
  std::vector<UserKey> keys;
  std::vector<double> differences;
  for (const PushedUser& user : users) {
    const double values[] = {value(user, 0), value(user, 1)};
    bootstrap.add(user.user, values);
    keys.push_back(user.user);
    differences.push_back(values[1] - values[0]);
  }
  Compared compared{bootstrap.mean(0), bootstrap.mean(1), bootstrap.difference(1, 0)};
  compared.p_value = sign_flip_p_value(keys, differences, {rules.permutations, options.seed});
  std::ranges::sort(differences);
  compared.detectable = minimum_detectable_effect(sample_variance(differences), differences.size(), rules.alpha);
  return compared;
}

std::vector<PushedUser> with_targets(const std::vector<PushedUser>& users) {
  std::vector<PushedUser> kept;
  std::ranges::copy_if(users, std::back_inserter(kept),
                       [](const PushedUser& user) { return user.places[0].targets > 0; });
  return kept;
}

double hits(const PushedUser& user, std::size_t side) { return user.places[side].hits; }
double place(const PushedUser& user, std::size_t side) { return user.places[side].place; }
double score(const PushedUser& user, std::size_t side) { return user.places[side].score; }
double utility(const PushedUser& user, std::size_t side) { return user.utility[side]; }

std::string verdict(const Compared& compared, double holm_p, double margin, std::array<const char*, 2> words,
                    const VerdictRules& rules) {
  if (compared.difference.users < rules.minimum_users) return "too few";
  if (!compared.difference.interval) return "undefined";
  if (holm_p <= rules.alpha && compared.difference.interval->high < -margin) return words[0];
  if (holm_p <= rules.alpha && compared.difference.interval->low > margin) return words[1];
  return fmt::format("not shown (a mean of {:.4f} would have been found)", compared.detectable);
}

void add_places(Json& row, const std::vector<PushedUser>& users, const VerdictRules& rules) {
  const Compared hit = compare(users, hits, rules), rank = compare(users, place, rules);
  row["target_users"] = users.size();
  row["hits_clean"] = hit.clean.value;
  row["hits_poisoned"] = hit.poisoned.value;
  row["hits_gain"] = to_json(hit.difference);
  row["place_clean"] = rank.clean.value;
  row["place_poisoned"] = rank.poisoned.value;
  row["place_change"] = to_json(rank.difference);
  row["shift"] = to_json(compare(users, score, rules).difference);
}

void add_place_columns(TableBuilder& table, std::size_t k) {
  table.column("target_users", "users").column("hits_clean", fmt::format("hits@{} clean", k));
  table.column("hits_poisoned", "poisoned").column("hits_gain", "gain").column("place_clean", "place clean");
  table.column("place_poisoned", "poisoned").column("place_change", "change").column("shift", "prediction shift");
}

/// A claim waits for Holm's correction over its column.
struct Claim {
  std::size_t row = 0;
  const char* column;
  Compared compared;
  double margin = 0;
  std::array<const char*, 2> words;  // for a fall and for a rise
};

void settle(std::vector<Claim> claims, std::vector<Json>& rows, const VerdictRules& rules) {
  std::vector<double> p_values;
  for (const Claim& claim : claims) p_values.push_back(claim.compared.p_value);
  const std::vector<double> holm = holm_adjusted(p_values);
  for (std::size_t c = 0; c < claims.size(); ++c) {
    const Claim& claim = claims[c];
    rows[claim.row][claim.column] = verdict(claim.compared, holm[c], claim.margin, claim.words, rules);
  }
}

TableBuilder scorer_builder(const PoisoningInput& input) {
  if (input.targets.empty()) {
    return {"poisoning", fmt::format("{} after training on the poisoned log, k = {}", input.utility_name, input.shots),
            "loss = clean - poisoned, paired by newcomer; Holm over the table"};
  }
  return {
      "poisoning",
      fmt::format("{} and the targets after training on the poisoned log, k = {}", input.utility_name, input.shots),
      fmt::format("hits: share of the targets in the top {}, mean of the newcomers; place: mean place of the targets, 1 = first; "
                  "prediction shift: poisoned - clean score; all paired by newcomer, over those who have not met the "
                  "target; Holm over the table",
                  input.k)};
}

Json scorer_table(const PoisoningInput& input, const VerdictRules& rules) {
  TableBuilder table = scorer_builder(input);
  table.column("scorer", "scorer");
  if (!input.targets.empty()) add_place_columns(table, input.k);
  table.column("utility_clean", fmt::format("{} clean", input.utility_name)).column("utility_poisoned", "poisoned");
  table.column("loss", "loss").column("verdict", "utility");
  if (!input.targets.empty()) table.column("pushed", "targets");
  std::vector<Json> rows;
  std::vector<Claim> losses, pushes;
  for (const PoisonedScorer& scorer : input.scorers) {
    const std::vector<PushedUser> users = mean_by_user(scorer.users), targeted = with_targets(users);
    Json row{{"scorer", scorer.name}};
    if (!input.targets.empty() && !targeted.empty()) {
      add_places(row, targeted, rules);
      pushes.push_back({rows.size(), "pushed", compare(targeted, hits, rules), 0.0, {"buried", "pushed"}});
    }
    const Compared quality = compare(users, utility, rules);
    row["utility_clean"] = quality.clean.value;
    row["utility_poisoned"] = quality.poisoned.value;
    row["loss"] = to_json(compare(
                              users, [](const PushedUser& u, std::size_t side) { return -u.utility[side]; }, rules)
                              .difference);
    losses.push_back({rows.size(), "verdict", quality, rules.smallest_effect, {"loses", "gains"}});
    rows.push_back(std::move(row));
  }
  settle(std::move(losses), rows, rules);
  settle(std::move(pushes), rows, rules);
  for (Json& row : rows) table.row(std::move(row));
  return table.take();
}

Json target_table(const PoisoningInput& input, const VerdictRules& rules) {
  TableBuilder table("poisoning-targets", "Every target, as the strategy ranks it",
                     "likes: in role T, before the attack; the strategy's pure score");
  table.column("item", "item").column("text", "text").column("likes", "likes");
  add_place_columns(table, input.k);
  for (const PushedTarget& target : input.targets) {
    Json row{{"item", target.item}, {"text", target.text}, {"likes", target.likes}};
    const std::vector<PushedUser> users = with_targets(mean_by_user(target.users));
    if (!users.empty()) add_places(row, users, rules);
    table.row(std::move(row));
  }
  return table.take();
}

Json limits_of(const PoisoningInput& input, const VerdictRules& rules) {
  Json limits = Json::array();
  if (!input.targets.empty()) {
    limits.push_back("another seed of the attack draws other fake users and, where none are named, other targets");
    limits.push_back("fake users show attributes of real ones: attackers who write other texts are not tested");
  }
  if (input.seeds < rules.minimum_seeds) {
    limits.push_back(fmt::format(
        "{} training seed{}: says what happened to these checkpoints, claims about the strategy need {} seeds",
        input.seeds, input.seeds == 1 ? "" : "s", rules.minimum_seeds));
  }
  return limits;
}

}  // namespace

Json poisoning_report(const PoisoningInput& input, const VerdictRules& rules) {
  Json strategies = Json::array(), tables = Json::array();
  for (const PoisonedScorer& scorer : input.scorers) {
    if (scorer.role == "strategy" && !scorer.name.ends_with(" + item prior")) strategies.push_back(scorer.name);
  }
  tables.push_back(scorer_table(input, rules));
  if (!input.targets.empty()) tables.push_back(target_table(input, rules));
  return {{"format", 1},
          {"facts",
           {{"what", input.what},
            {"pairs", input.pairs},
            {"seeds", input.seeds},
            {"shots", input.shots},
            {"k", input.k},
            {"utility", input.utility_name},
            {"strategies", std::move(strategies)}}},
          {"tables", std::move(tables)},
          {"limits", limits_of(input, rules)}};
}

std::string poisoning_report_text(const Json& report) {
  std::string text = report.at("facts").at("what").get<std::string>() + "\n\n";
  for (const Json& table : report.at("tables")) text += table_text(table) + '\n';
  text += "what cannot be concluded:\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  return text;
}

}  // namespace coldframe
