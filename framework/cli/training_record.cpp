#include "framework/cli/training_record.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace coldframe {
namespace {

constexpr double k_missing = std::numeric_limits<double>::quiet_NaN();

MetricsTable metrics_table(const std::vector<MetricsRecord>& records) {
  MetricsTable table;
  for (const MetricsRecord& record : records) {
    for (auto& [name, column] : table.columns) column.push_back(k_missing);
    table.steps.push_back(record.step);
    table.kinds.push_back(record.kind);
    for (const auto& [key, value] : record.values) {
      auto column = std::ranges::find(table.columns, key, [](const auto& entry) { return entry.first; });
      if (column == table.columns.end()) {
        table.columns.emplace_back(key, std::vector<double>(table.steps.size(), k_missing));
        column = std::prev(table.columns.end());
      }
      column->second.back() = value;
    }
  }
  return table;
}

double seconds_in_steps(const MetricsTable& metrics) {
  double seconds = 0;
  for (const auto& [key, values] : metrics.columns) {
    if (key != "time.seconds") continue;
    for (const double value : values) seconds += std::isnan(value) ? 0.0 : value;
  }
  return seconds;
}

nlohmann::json role_fingerprints(const Roles& roles) {
  return {{"train", roles.fingerprint(Role::train)},
          {"validate", roles.fingerprint(Role::validate)},
          {"world", roles.fingerprint(Role::world)},
          {"held_out", roles.fingerprint(Role::held_out)}};
}

nlohmann::json names_of(const Experiment& experiment) {
  return {{"variant", experiment.variant()},
          {"strategies", experiment.strategy.use},
          {"seed", experiment.experiment.seed},
          {"fold", experiment.data.roles.fold}};
}

nlohmann::json poisoning_facts(const TrainedRun& run) {
  const PoisonedLog& log = run.data.poisoned;
  nlohmann::json targets = nlohmann::json::array();
  for (const ItemId target : log.targets) targets.push_back(run.data.dataset.items.ids[target.value()]);
  return {{"profiles", log.profiles}, {"added", log.added}, {"changed", log.changed}, {"targets", std::move(targets)}};
}

}  // namespace

RunRecord make_training_record(const TrainedRun& run, const TrainingSummary& summary) {
  RunRecord record;
  record.metrics = metrics_table(read_metrics(run.folder.metrics()));
  record.summary = names_of(run.experiment);
  record.summary.update({{"steps", summary.steps_done},
                         {"pairs_seen", summary.steps_done * run.experiment.batch.pairs},
                         {"finished", summary.end != TrainingEnd::stopped_on_request},
                         {"failure", nullptr},
                         {"digest", fmt::format("{:016x}", summary.digest)},
                         {"identity", run.identity},
                         {"provenance", to_json(run.invocation.provenance)},
                         {"roles", role_fingerprints(run.data.roles)},
                         {"cost",
                          {{"trainable_parameters", run.learner.trainable_parameters},
                           {"step_seconds", seconds_in_steps(record.metrics)},
                           {"peak_memory_bytes", run.peak_memory_bytes},
                           {"ranks", run.invocation.group.size()},
                           {"threads", run.threads}}},
                         {"model", {{"scale", run.learner.objective->score_rule(run.learner.parameters).scale}}}});
  if (run.experiment.poisoning.active()) record.summary["poisoning"] = poisoning_facts(run);
  record.config = to_json(run.invocation.config);
  record.train_users = run.data.roles.member_keys(run.data.dataset, Role::train);
  record.validate_users = run.data.roles.member_keys(run.data.dataset, Role::validate);
  return record;
}

std::function<void(const Failure&)> failure_record_hook(const Experiment& experiment, const ResolvedConfig& config,
                                                        const RunFolder& folder) {
  return [summary = names_of(experiment), config = to_json(config), folder](const Failure& failure) {
    RunRecord record;
    record.metrics = metrics_table(read_metrics(folder.metrics()));
    record.summary = summary;
    record.summary.update({{"steps", record.metrics.steps.empty() ? 0 : record.metrics.steps.back()},
                           {"finished", false},
                           {"failure", {{"code", static_cast<int>(failure.code)}, {"message", failure.message}}}});
    record.config = config;
    write_run_record(folder.record(), record);
  };
}

}  // namespace coldframe
