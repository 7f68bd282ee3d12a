#include "framework/reporting/calibration_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/evaluation/groups.h"
#include "framework/evaluation/significance.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// Columns of a newcomer in the bootstrap.
enum Column : std::size_t { k_log_loss, k_reference, k_brier, k_expected, k_likes, k_columns };

/// The newcomers whose place is in `chosen`, resampled together.
PairedBootstrap resampled(const CalibrationInput& input, const LikeCalibration& found, const LikeCalibration& reference,
                          const std::vector<std::size_t>& chosen, const BootstrapOptions& options) {
  PairedBootstrap means(k_columns, options);
  for (const std::size_t u : chosen) {
    const double values[k_columns] = {found.log_loss[u], reference.log_loss[u], found.brier[u], found.expected[u],
                                      found.likes[u]};
    means.add(input.users[u], values);
  }
  return means;
}

std::size_t smallest_shots(const CalibrationInput& input) {
  return std::ranges::min_element(input.scorers, {}, &CalibratedScorer::shots)->shots;
}

const LikeCalibration& reference_of(const CalibrationInput& input, std::size_t shots) {
  const auto last = std::ranges::find_if(input.scorers.rbegin(), input.scorers.rend(),
                                         [&](const CalibratedScorer& scorer) { return scorer.shots == shots; });
  return last->found;
}

void add_score_columns(TableBuilder& table) {
  table.column("scorer", "scorer").column("shots", "k").column("log_loss", "log loss");
  table.column("over_base", "minus base rate").column("brier", "Brier").column("ece", "ECE");
  table.column("ece_null", "ECE, perfect").column("ece_max", "largest");
  table.column("in_the_large", "expected / likes").column("slope", "slope");
}

constexpr std::size_t k_permutations = 199;  // each looks at every pair
constexpr std::size_t k_history_strata = 4;  // as `coldframe fairness` has

constexpr const char* k_note =
    "probability of a later like, over all candidates of a newcomer, then the mean of the newcomers; logistic heads "
    "over "
    "cosine and log popularity, fitted on role V at all k together. ECE: 15 bins of equal mass, beside that of perfect "
    "calibration if pairs were independent; expected / likes and slope are 1 when calibrated, a slope below 1 is too "
    "extreme";

Json score_table(const CalibrationInput& input, const BootstrapOptions& options) {
  TableBuilder table("evaluation-calibration", "Calibration of the probability of a like", k_note);
  add_score_columns(table);
  std::vector<std::size_t> everybody(input.users.size());
  for (std::size_t u = 0; u < everybody.size(); ++u) everybody[u] = u;
  for (const CalibratedScorer& scorer : input.scorers) {
    const LikeCalibration& found = scorer.found;
    const PairedBootstrap means = resampled(input, found, reference_of(input, scorer.shots), everybody, options);
    table.row({{"scorer", scorer.name},
               {"shots", scorer.shots},
               {"log_loss", to_json(means.mean(k_log_loss))},
               {"over_base", to_json(means.difference(k_log_loss, k_reference))},
               {"brier", to_json(means.mean(k_brier))},
               {"ece", found.error.expected},
               {"ece_null", found.null_error},
               {"ece_max", found.error.maximum},
               {"in_the_large", to_json(means.ratio(k_expected, k_likes))},
               {"slope", found.line ? Json(found.line->slope) : Json()}});
  }
  return table.take();
}

Json group_table(const CalibrationInput& input, const BootstrapOptions& options) {
  const std::size_t smallest = smallest_shots(input);
  TableBuilder table("evaluation-calibration-groups", fmt::format("Calibration by group, k = {}", smallest),
                     fmt::format("groups of at least {} newcomers", input.minimum_group));
  table.column("scorer", "scorer").column("grouping", "grouping").column("group", "group").column("users", "newcomers");
  table.column("log_loss", "log loss").column("in_the_large", "expected / likes");
  for (const CalibratedScorer& scorer : input.scorers) {
    if (scorer.shots != smallest) continue;
    for (const UserLabels& grouping : input.groups) {
      std::map<std::string, std::vector<std::size_t>> groups;
      for (std::size_t u = 0; u < input.users.size(); ++u) groups[grouping.labels[u]].push_back(u);
      groups.erase("");
      for (const auto& [name, users] : groups) {
        if (users.size() < input.minimum_group) continue;
        const PairedBootstrap means = resampled(input, scorer.found, scorer.found, users, options);
        table.row({{"scorer", scorer.name},
                   {"grouping", grouping.name},
                   {"group", name},
                   {"users", users.size()},
                   {"log_loss", to_json(means.mean(k_log_loss))},
                   {"in_the_large", to_json(means.ratio(k_expected, k_likes))}});
      }
    }
  }
  return table.take();
}

/// Groups that stand against the rest: of two, the first says what both do.
std::vector<std::pair<std::string, std::vector<Side>>> compared(const UserLabels& grouping, std::size_t minimum) {
  std::map<std::string, std::size_t> sizes;
  std::size_t with_value = 0;
  for (const std::string& label : grouping.labels) {
    if (label.empty()) continue;
    ++sizes[label];
    ++with_value;
  }
  std::vector<std::pair<std::string, std::vector<Side>>> found;
  for (const auto& [name, size] : sizes) {
    if (size < minimum || with_value - size < minimum || (sizes.size() == 2 && !found.empty())) continue;
    std::vector<Side>& sides = found.emplace_back(name, std::vector<Side>{}).second;
    for (const std::string& label : grouping.labels) {
      sides.push_back(label.empty() ? Side::neither : label == name ? Side::group : Side::rest);
    }
  }
  return found;
}

Json unfairness_table(const CalibrationInput& input, std::uint64_t seed) {
  TableBuilder table(
      "evaluation-unfairness",
      fmt::format("Unfairness of the probability of a like between a group and the rest, k = {}",
                  smallest_shots(input)),
      "Yao and Huang 2017, means over items: by how much predictions err differently (value), in size (absolute), too "
      "low "
      "(under), too high (over), and how far mean predictions are apart (non-parity), each beside the 95th percentile "
      "that labels permuted within strata of history length show; p of value, Holm over this table");
  table.column("scorer", "scorer").column("grouping", "grouping").column("group", "group").column("users", "newcomers");
  table.column("value", "value").column("value_null_95", "by chance").column("p", "p").column("holm_p", "Holm p");
  table.column("absolute", "absolute").column("absolute_null_95", "by chance");
  table.column("under", "under").column("under_null_95", "by chance");
  table.column("over", "over").column("over_null_95", "by chance");
  table.column("non_parity", "non-parity").column("non_parity_null_95", "by chance");
  const std::vector<std::uint32_t> strata = rank_strata(input.history_lengths, k_history_strata);
  Json rows = Json::array();
  std::vector<double> p_values;
  for (const UserLabels& grouping : input.groups) {
    for (const auto& [group, sides] : compared(grouping, input.minimum_group)) {
      for (const CalibratedScorer& scorer : input.scorers) {
        if (scorer.probabilities.empty()) continue;
        const auto null =
            rating_unfairness_null(input.rated, scorer.probabilities, sides, strata, {k_permutations, seed});
        if (!null) continue;
        const RatingUnfairness &found = null->found, &chance = null->null_95;
        rows.push_back({{"scorer", scorer.name},
                        {"grouping", grouping.name},
                        {"group", group},
                        {"users", std::ranges::count(sides, Side::group)},
                        {"value", found.value},
                        {"value_null_95", chance.value},
                        {"p", null->p_value},
                        {"absolute", found.absolute},
                        {"absolute_null_95", chance.absolute},
                        {"under", found.under},
                        {"under_null_95", chance.under},
                        {"over", found.over},
                        {"over_null_95", chance.over},
                        {"non_parity", found.non_parity},
                        {"non_parity_null_95", chance.non_parity}});
        p_values.push_back(null->p_value);
      }
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t r = 0; r < adjusted.size(); ++r) {
    rows[r]["holm_p"] = adjusted[r];
    table.row(std::move(rows[r]));
  }
  return table.take();
}

/// One table of what the records of all runs hold under the id.
void add_stored_table(Json& tables, std::span<const NamedRun> runs, std::string_view stored_id, const char* id) {
  Json joined;
  for (const NamedRun& run : runs) {
    const Json calibration = run.record.summary.value("calibration", Json::object());
    for (const Json& stored : calibration.value("tables", Json::array())) {
      if (stored.at("id") != stored_id) continue;
      if (joined.is_null()) {
        joined = stored;
        joined["id"] = id;
        joined["rows"] = Json::array();
        joined["columns"].insert(joined["columns"].begin(), Json{{"key", "run"}, {"title", "run"}});
      }
      for (Json row : stored.at("rows")) {
        row["run"] = run.name;
        joined["rows"].push_back(std::move(row));
      }
    }
  }
  if (!joined.is_null()) tables.push_back(std::move(joined));
}

}  // namespace

Json calibration_report(const CalibrationInput& input, const VerdictRules& rules) {
  BootstrapOptions options = rules.bootstrap;
  options.level = 1.0 - rules.alpha;
  Json tables = Json::array({score_table(input, options)});
  if (Json groups = group_table(input, options); !groups.at("rows").empty()) tables.push_back(std::move(groups));
  if (!input.rated.users.empty()) {
    Json unfairness = unfairness_table(input, options.seed);
    if (!unfairness.at("rows").empty()) tables.push_back(std::move(unfairness));
  }
  return {
      {"facts",
       {{"strategies", Json::array({input.strategy})}, {"fitted_on", input.fitted_on}, {"users", input.users.size()}}},
      {"tables", std::move(tables)}};
}

std::string calibration_text(const Json& report) {
  std::string text;
  for (const Json& table : report.at("tables")) text += '\n' + table_text(table);
  return text;
}

void add_calibration(Json& tables, std::span<const NamedRun> runs) {
  add_stored_table(tables, runs, "evaluation-calibration", "calibration");
  add_stored_table(tables, runs, "evaluation-unfairness", "unfairness");
}

}  // namespace coldframe
