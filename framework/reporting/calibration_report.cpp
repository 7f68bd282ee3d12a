#include "framework/reporting/calibration_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

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
  std::size_t smallest = input.scorers.front().shots;
  for (const CalibratedScorer& scorer : input.scorers) smallest = std::min(smallest, scorer.shots);
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

}  // namespace

Json calibration_report(const CalibrationInput& input, const VerdictRules& rules) {
  BootstrapOptions options = rules.bootstrap;
  options.level = 1.0 - rules.alpha;
  Json tables = Json::array({score_table(input, options)});
  if (Json groups = group_table(input, options); !groups.at("rows").empty()) tables.push_back(std::move(groups));
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
  TableBuilder table("calibration", "Calibration of the probability of a like", k_note);
  table.column("run", "run");
  add_score_columns(table);
  bool any = false;
  for (const NamedRun& run : runs) {
    const Json stored = run.record.summary.value("calibration", Json());
    if (!stored.contains("tables")) continue;
    for (Json row : stored.at("tables").at(0).at("rows")) {
      row["run"] = run.name;
      table.row(std::move(row));
      any = true;
    }
  }
  if (any) tables.push_back(table.take());
}

}  // namespace coldframe
