#include "framework/reporting/report.h"

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/calibration_report.h"
#include "framework/reporting/calibration_verdicts.h"
#include "framework/reporting/newcomer_costs.h"
#include "framework/reporting/newcomer_report.h"
#include "framework/reporting/newcomer_slices.h"
#include "framework/reporting/simulated_strategies.h"
#include "framework/reporting/simulation_report.h"
#include "framework/reporting/stream_report.h"
#include "framework/reporting/stream_verdicts.h"
#include "framework/reporting/summary.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr int k_format = 1;

Json facts_of(const PooledRuns& runs) {
  std::vector<std::string> metrics;
  for (const MetricCut& metric : runs.metrics) metrics.push_back(to_string(metric));
  const Json& summary = runs.runs.front().record.summary;
  return {{"variants", runs.variants},
          {"folds", runs.folds},
          {"seeds", runs.seeds},
          {"metrics", metrics},
          {"shots", runs.shots},
          {"users", runs.users.size()},
          {"left_out", runs.left_out},
          {"evaluation", summary.value("evaluation", Json::object())},
          {"data", summary.value(Json::json_pointer("/identity/data"), Json())},
          {"provenance", summary.value("provenance", Json::object())}};
}

}  // namespace

Json make_report(const PooledRuns& runs, std::span<const NamedSimulation> simulations, const VerdictRules& rules) {
  if (runs.runs.empty()) throw DataError("nothing to report", "there is no run", "give at least one run folder");
  BootstrapOptions bootstrap = rules.bootstrap;
  bootstrap.level = 1.0 - rules.alpha;
  const NewcomerFindings findings{runs, newcomer_numbers(runs, bootstrap), judge_newcomers(runs, rules)};
  Json report = {{"format", k_format}, {"facts", facts_of(runs)}, {"tables", Json::array()}, {"plots", Json::array()}};
  const std::vector<SimulationVerdict> simulated = judge_simulations(simulations, rules);
  std::vector<std::string> sentences = newcomer_summary(findings, rules);
  for (std::string& sentence : simulation_summary(simulated, rules)) sentences.push_back(std::move(sentence));
  const std::vector<SimulatedStrategyVerdict> strategies = judge_simulated_strategies(simulations, rules);
  for (std::string& sentence : simulated_strategy_summary(strategies, rules)) sentences.push_back(std::move(sentence));
  report["sentences"] = sentences;
  report["limits"] = summary_limits(runs, simulations, rules);
  add_newcomer_tables(report["tables"], findings);
  add_newcomer_plots(report["plots"], findings);
  add_calibration(report["tables"], runs.runs);
  add_calibration_verdicts(report["tables"], runs.runs, runs.shots, rules);
  add_costs(report["tables"], report["plots"], findings);
  add_slices(report["tables"], report["plots"], findings, rules);
  add_stream_verdicts(report["tables"], report["plots"], runs.runs, rules);
  add_streams(report["tables"], report["plots"], runs.runs, bootstrap);
  add_simulation(report["tables"], report["plots"], simulations, simulated, rules);
  add_simulated_strategies(report["tables"], strategies);
  return report;
}

}  // namespace coldframe
