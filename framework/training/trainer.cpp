#include "framework/training/trainer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/training/plan_ahead.h"

namespace coldframe {
namespace {

/// The first key of `mine` whose value differs in `theirs`; empty when all agree.
std::string first_difference(const nlohmann::json& mine, const nlohmann::json& theirs) {
  for (const auto& [key, value] : mine.items()) {
    if (!theirs.contains(key)) return fmt::format("{} is not in the checkpoint", key);
    if (theirs.at(key) != value) return fmt::format("{} is {} here and {} in the checkpoint", key, value.dump(), theirs.at(key).dump());
  }
  return {};
}

}  // namespace

void CheckpointOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "every", .doc = "steps between checkpoints, 0 = only at the end", .unit = "optimizer steps",
                 .minimum = 0, .effect = Effect::operation},
                every);
  visitor.visit({.name = "keep", .doc = "newest checkpoints kept (the best one on role V is kept besides)", .minimum = 1,
                 .effect = Effect::operation},
                keep);
  visitor.visit({.name = "wall_time_minutes",
                 .doc = "stop with a checkpoint and exit code 75 after this time, 0 = no limit",
                 .unit = "minutes",
                 .minimum = 0,
                 .effect = Effect::operation},
                wall_time_minutes);
}

Trainer::Trainer(const Group& group, TrainStep& step, const PlanSource& planner, ParameterStore& parameters,
                 const TrainerPaths& paths, const CheckpointOptions& checkpoint, const ValidationOptions& validation,
                 const Clock& clock, TrainerHooks hooks)
    : group_(group),
      step_(step),
      planner_(planner),
      parameters_(parameters),
      paths_(paths),
      checkpoint_(checkpoint),
      validation_(validation),
      clock_(clock),
      hooks_(std::move(hooks)),
      started_(clock.seconds()) {}

std::vector<StateTensor> Trainer::state_tensors() {
  std::vector<StateTensor> tensors;
  const auto add = [&](ParameterIndex index, std::size_t offset) {
    const at::Tensor& value = parameters_.value(index);
    const std::vector<std::int64_t> shape = value.sizes().vec();
    const auto size = static_cast<std::size_t>(value.numel());
    const std::string& name = parameters_.info(index).name;
    tensors.push_back({"parameter." + name, shape, {value.data_ptr<float>(), size}});
    tensors.push_back({"adamw.first." + name, shape, step_.optimizer().first_moment().subspan(offset, size)});
    tensors.push_back({"adamw.second." + name, shape, step_.optimizer().second_moment().subspan(offset, size)});
  };
  for (const DenseSlot& slot : step_.layout().dense()) add(slot.parameter, slot.offset);
  for (const SparseSlot& slot : step_.layout().sparse()) add(slot.parameter, slot.state_offset);
  for (StrategyTraining* part : step_.strategies()) {
    for (StrategyState& state : part->state()) tensors.push_back({"strategy." + state.name, state.shape, state.values});
  }
  const auto add_all = [&](std::vector<StateTensor> more) {
    for (StateTensor& tensor : more) tensors.push_back(std::move(tensor));
  };
  if (step_.method() != nullptr) add_all(step_.method()->state());
  if (hooks_.tasks.state) add_all(hooks_.tasks.state());
  return tensors;
}

bool Trainer::resume(const nlohmann::json& identity, std::vector<std::string>& damaged) {
  std::optional<FoundCheckpoint> found;
  nlohmann::json manifest;
  agree_on_errors(group_, "resume", [&] {
    found = newest_intact(paths_.checkpoints, damaged);
    if (!found) return;
    manifest = verify_checkpoint(*found);
    const std::string difference = first_difference(identity, manifest.at("identity"));
    if (!difference.empty()) {
      throw DataError(fmt::format("{} belongs to another run", found->folder.string()), difference,
                      "use the same config, data and encoder, or --overwrite");
    }
    read_checkpoint(*found, state_tensors());
    progress_ = {found->step, std::nullopt, manifest.at("best_score").get<double>(),
                 manifest.at("evaluations_without_gain").get<std::int64_t>()};
    if (!manifest.at("best_step").is_null()) progress_.best_step = manifest.at("best_step").get<std::int64_t>();
  });
  if (found) step_.refresh_digest();
  return found.has_value();
}

void Trainer::save(const nlohmann::json& identity) {
  group_.report_position("checkpoint", progress_.step);
  agree_on_errors(group_, "checkpoint", [&] {
    if (!group_.is_root()) return;
    log_->flush();
    nlohmann::json manifest{{"identity", identity},
                            {"best_score", progress_.best_score},
                            {"best_step", nullptr},
                            {"evaluations_without_gain", progress_.evaluations_without_gain}};
    if (progress_.best_step) manifest["best_step"] = *progress_.best_step;
    const std::vector<StateTensor> tensors = state_tensors();
    write_checkpoint(paths_.checkpoints, progress_.step, manifest, tensors);
    std::vector<std::int64_t> kept;
    if (progress_.best_step) kept.push_back(*progress_.best_step);
    prune_checkpoints(paths_.checkpoints, static_cast<std::size_t>(checkpoint_.keep), kept);
  });
}

void Trainer::log_step(const StepReport& report) {
  if (!log_) return;
  MetricsRecord record{report.step + 1,
                       "step",
                       {{"loss", report.loss},
                        {"gradient_norm", report.gradient_norm},
                        {"clip", report.clip},
                        {"learning_rate", report.learning_rate},
                        {"texts", static_cast<double>(report.texts)},
                        {"tokens", static_cast<double>(report.tokens)},
                        {"digest_low", static_cast<double>(report.digest & 0xFFFFFFFFu)},
                        {"digest_high", static_cast<double>(report.digest >> 32)},
                        {"time.seconds", report.seconds}}};
  const bool penalties = !step_.strategies().empty() || step_.method() != nullptr;
  if (penalties) record.values.insert(record.values.begin() + 1, {"penalty", report.penalty});
  if (hooks_.tasks.steps > 0) record.values.emplace_back("task", static_cast<double>(report.task + 1));
  if (report.groups) {
    record.values.emplace_back("group_penalty", report.groups->penalty);
    record.values.emplace_back("group_gap", report.groups->gap);
  }
  if (report.ascent) record.values.emplace_back("ascent", *report.ascent);
  if (report.past != 0) record.values.emplace_back("past", report.past);
  log_->append(record);
}

bool Trainer::validate() {
  group_.report_position("validation", progress_.step);
  const Validation found = hooks_.validate(progress_.step);
  if (!std::isfinite(found.score)) {
    throw NumericError(fmt::format("the validation score after step {} is {}", progress_.step, found.score));
  }
  const bool better = !progress_.best_step || found.score > progress_.best_score;
  if (better) {
    progress_.best_step = progress_.step;
    progress_.best_score = found.score;
  }
  progress_.evaluations_without_gain = better ? 0 : progress_.evaluations_without_gain + 1;
  if (log_) {
    MetricsRecord record{progress_.step, "validation", {{"score", found.score}}};
    record.values.insert(record.values.end(), found.values.begin(), found.values.end());
    log_->append(record);
  }
  return validation_.patience > 0 && progress_.evaluations_without_gain >= validation_.patience;
}

bool Trainer::wants_stop() const {
  const double limit = checkpoint_.wall_time_minutes * 60;
  return (hooks_.stop_requested && hooks_.stop_requested()) || (limit > 0 && clock_.seconds() - started_ > limit);
}

void Trainer::restore_best() {
  const FoundCheckpoint best{paths_.checkpoints / fmt::format("step-{}", *progress_.best_step), *progress_.best_step};
  agree_on_errors(group_, "best checkpoint", [&] { read_checkpoint(best, state_tensors()); });
  step_.refresh_digest();
}

void Trainer::measure_tasks() {
  group_.report_position("measure tasks", progress_.step);
  const auto done = static_cast<std::size_t>(hooks_.tasks.steps > 0 ? progress_.step / hooks_.tasks.steps : 0);
  const std::vector<MetricsRecord> records = hooks_.tasks.measure(done, progress_.step);
  if (!log_) return;
  for (const MetricsRecord& record : records) log_->append(record);
}

bool Trainer::end_task() {
  if (hooks_.tasks.steps == 0 || progress_.step % hooks_.tasks.steps != 0) return false;
  if (step_.method() != nullptr) {
    step_.method()->end_task(static_cast<std::size_t>(progress_.step / hooks_.tasks.steps) - 1, step_);
  }
  measure_tasks();
  step_.refresh_digest();
  return true;
}

TrainingSummary Trainer::run(const nlohmann::json& identity, std::int64_t steps) {
  TrainingSummary summary;
  summary.resumed_from = progress_.step;
  agree_on_errors(group_, "metrics log", [&] {
    const std::int64_t known = progress_.step > 0 ? progress_.step : -1;
    if (group_.is_root()) log_ = std::make_unique<MetricsLog>(paths_.metrics_log, known);
  });
  if (progress_.step == 0 && hooks_.tasks.measure) measure_tasks();
  PlanAhead plans(planner_);
  const bool validates = validation_.every > 0 && hooks_.validate;
  const bool patience_spent = validation_.patience > 0 && progress_.evaluations_without_gain >= validation_.patience;
  std::int64_t saved = progress_.step > 0 ? progress_.step : -1;
  bool stop = false, early = patience_spent;
  while (progress_.step < steps && !stop && !early) {
    const StepReport report = step_.run(plans.take(progress_.step, steps), wants_stop());
    summary.seconds += report.seconds;
    ++progress_.step;
    log_step(report);
    stop = report.stop;
    const bool task_ended = end_task();
    const bool last = progress_.step == steps;
    bool best = false;
    if (validates && (progress_.step % validation_.every == 0 || last)) {
      early = validate();
      best = progress_.best_step == progress_.step;
    }
    const bool due = checkpoint_.every > 0 && progress_.step % checkpoint_.every == 0;
    if (due || stop || last || early || best || task_ended) {
      save(identity);
      saved = progress_.step;
    }
    if (hooks_.after_step) hooks_.after_step(report, steps);
  }
  if (saved != progress_.step) save(identity);
  const bool complete = progress_.step >= steps || early;
  summary.end = !complete ? TrainingEnd::stopped_on_request
                : early   ? TrainingEnd::stopped_early
                          : TrainingEnd::finished;
  summary.steps_done = progress_.step;
  summary.best_step = progress_.best_step;
  summary.best_score = progress_.best_score;
  if (complete && progress_.best_step && *progress_.best_step != progress_.step) restore_best();
  summary.digest = parameter_digest(parameters_, step_.layout());
  return summary;
}

}  // namespace coldframe
