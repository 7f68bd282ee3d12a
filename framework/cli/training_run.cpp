#include "framework/cli/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "framework/cli/encoding_progress.h"
#include "framework/cli/memory_file.h"
#include "framework/cli/step_setup.h"
#include "framework/cli/training_groups.h"
#include "framework/cli/training_record.h"
#include "framework/comm/consistency.h"
#include "framework/comm/stop_signal.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/process_memory.h"
#include "framework/data/leakage.h"
#include "framework/reporting/tensorboard.h"
#include "framework/training/bulk_encoder.h"
#include "framework/training/gemm_check.h"
#include "framework/training/update_rules.h"

namespace coldframe {
namespace {

/// The largest value that any rank holds.
std::size_t largest_of_ranks(const Group& group, std::size_t mine) {
  std::size_t largest = mine;
  for (const std::string& text : all_gather_text(group, std::to_string(mine))) {
    largest = std::max(largest, static_cast<std::size_t>(std::stoull(text)));
  }
  return largest;
}

/// Extra items are drawn from the whole catalogue: new ones would be met as wrong answers.
void require_no_extra_new_items(const Experiment& experiment) {
  if (experiment.data.new_item_share == 0 || experiment.batch.extra_items == 0) return;
  throw ConfigError(fmt::format("batch.extra_items = {}", experiment.batch.extra_items),
                    fmt::format("with data.new_item_share = {} some of them would be items that nobody has met",
                                experiment.data.new_item_share),
                    "set batch.extra_items = 0");
}

/// "after task 2 of 5 (period 2, 1997-09-20 to 1997-11-02): R.1 0.2331, ..."
std::string row_text(const TaskStream& stream, std::size_t tasks_done, const MetricsRecord& row) {
  std::string text = "untrained:";
  if (tasks_done > 0) {
    text = fmt::format("after task {} of {} ({}):", tasks_done, stream.size(), stream.task(tasks_done - 1).name);
  }
  for (const auto& [name, value] : row.values) {
    if (name != "row") text += fmt::format(" {} {:.4f}", name, value);
  }
  return text;
}

}  // namespace

TrainingRun::TrainingRun(const Experiment& experiment, const Invocation& invocation, ExistingRun existing,
                         PrefixCaches& caches)
    : experiment_(experiment),
      invocation_(invocation),
      group_(invocation.group),
      existing_(existing),
      caches_(caches),
      folder_{experiment.run_folder()} {
  agree_on_errors(group_, "start", [&] {
    LaneTree(static_cast<int>(experiment.batch.lanes), group_.size());  // more ranks than lanes: said before any work
    if (group_.is_root()) check_run_folder(folder_, invocation.config, existing);
  });
  agree_on_errors(group_, "load data", [&] {
    data_ = std::make_unique<ExperimentData>(experiment);
    require_no_extra_new_items(experiment);
    if (experiment.continual.active()) {
      stream_ = std::make_unique<TaskStream>(make_task_stream(experiment, *data_));
    } else {
      sampler_ = std::make_unique<PairSampler>(make_pair_sampler(experiment, *data_));
      training_groups(experiment.fairness, *data_);  // its mistakes are told now
    }
  });
  agree_on_errors(group_, "load encoder", [&] {
    learner_ = std::make_unique<Learner>(experiment, invocation.config);
    learner_->free_unread_weights();
    update_rules(learner_->parameters, experiment.optimizer, experiment.schedule.steps);  // its mistakes are told now
    if (steps() > 0) strategy_training_ = learner_->strategies.training(steps());
    if (experiment.continual.method == "adapters" && !strategy_training_.empty()) {
      throw ConfigError("continual.method = adapters with a strategy that counts the steps of the run (adalora)",
                        "every task would begin with the ranks that the last one has left", "take lora");
    }
    if (layers_to_cache(experiment, *learner_) > 0) cache_ = &caches_.get(experiment, *learner_, invocation.provenance);
    texts_ = std::make_unique<TokenizedTexts>(*data_, learner_->tokenizer, token_limit(experiment, *learner_->encoder));
    if (stream_) {
      if (learner_->objective->anchor_views() > 1) {
        throw ConfigError("r_drop with [continual]", "tasks plan one view of every anchor",
                          "set r_drop = 0, or continual.method = none");
      }
      task_planner_ = make_task_planner(experiment, *data_, *stream_, *texts_, *learner_->objective);
      task_tests_ = std::make_unique<TaskTests>(experiment, *data_, *stream_, *texts_);
    }
    training_texts_ = std::make_unique<NoisyTexts>(experiment, *data_, *texts_);
    if (experiment.training.validate_every > 0) look_ = std::make_unique<ValidationLook>(experiment, *data_, *texts_);
  });
  compare_ranks();
  // Only now, so that a mistake in the inputs leaves no folder behind and empties none.
  agree_on_errors(group_, "run folder", [&] {
    if (!group_.is_root()) return;
    lock_ = prepare_run_folder(folder_, invocation.config, existing);
    attach_log_file(folder_.log());
  });
}

ExitCode TrainingRun::run() {
  print_start();
  pool_ = std::make_unique<LanePool>(threads());
  check_gemm_speed(*pool_, topology_, invocation_.provenance.instruction_set, learner_->parameters.precision());
  if (cache_ != nullptr) {
    prefix_ = std::make_unique<FrozenPrefix>(*learner_->encoder, learner_->parameters,
                                             layers_to_cache(experiment_, *learner_), *cache_);
  }
  const PlanSource& planner = plans();
  TrainStep step(group_, *pool_, *learner_->encoder, learner_->parameters, *learner_->objective,
                 step_options(experiment_), prefix_.get(), strategy_training_, method_.get());
  log_info(
      "step: {} pairs and {} extra items over {} lanes, {} ranks x {} threads; at most {} gradient buffers of {:.1f} "
      "MB per rank",
      experiment_.batch.pairs, experiment_.batch.extra_items, experiment_.batch.lanes, group_.size(), pool_->threads(),
      step.gradient_buffer_bound(), static_cast<double>(step.layout().dense_size()) * 4e-6);
  Trainer trainer(group_, step, planner, learner_->parameters, {folder_.checkpoints(), folder_.metrics()},
                  experiment_.checkpoint, {experiment_.training.validate_every, experiment_.training.patience},
                  invocation_.clock, hooks());
  if (existing_ == ExistingRun::resume) report_resume(trainer);
  // Only from here on: what stopped a run from going on is no failure of what was done before.
  if (group_.is_root()) invocation_.on_failure.add(failure_record_hook(experiment_, invocation_.config, folder_));
  if (prefix_) fill_prefix();
  const TrainingSummary summary = trainer.run(identity(), steps());
  if (prefix_) finish_prefix();
  finish(summary);
  return summary.end == TrainingEnd::stopped_on_request ? ExitCode::stopped : ExitCode::done;
}

std::int64_t TrainingRun::steps() const {
  if (!stream_) return experiment_.schedule.steps;
  return experiment_.continual.trains() ? experiment_.schedule.steps * static_cast<std::int64_t>(stream_->size()) : 0;
}

/// And what learns from them.
const PlanSource& TrainingRun::plans() {
  if (stream_) {
    const MethodParts parts{group_,
                            *pool_,
                            *learner_->encoder,
                            learner_->parameters,
                            *learner_->objective,
                            *task_planner_,
                            experiment_.batch.tokens};
    method_ = make_continual_method(experiment_.continual, parts);
    return *task_planner_;
  }
  planner_ = std::make_unique<StepPlanner>(
      make_step_planner(experiment_, *data_, *sampler_, *training_texts_, *learner_->objective));
  return *planner_;
}

int TrainingRun::threads() const {
  if (experiment_.distributed.threads > 0) return static_cast<int>(experiment_.distributed.threads);
  const int lanes = (static_cast<int>(experiment_.batch.lanes) + group_.size() - 1) / group_.size();
  return std::clamp(topology_.default_threads, 1, lanes);
}

/// What a checkpoint must share with the run that goes on from it.
nlohmann::json TrainingRun::identity() const {
  return {{"config", config_digest(invocation_.config)},
          {"data", data_->checksum},
          {"encoder", learner_->encoder_digest},
          {"tokenizer", learner_->tokenizer->fingerprint()},
          {"instruction_set", invocation_.provenance.instruction_set},
          {"build", invocation_.provenance.build_id}};
}

void TrainingRun::compare_ranks() {
  std::vector<RankFact> facts;
  const nlohmann::json facts_json = identity();
  for (const auto& [key, value] : facts_json.items()) facts.push_back({key, value.get<std::string>()});
  const auto rule = experiment_.distributed.comm.allow_heterogeneous ? Heterogeneity::allowed : Heterogeneity::refused;
  const std::string differences = compare_facts(group_, facts, rule);
  if (!differences.empty() && group_.is_root())
    log_warning("ranks differ; equal bits are not promised\n{}", differences);
  topology_ = discover_topology(group_);
}

void TrainingRun::print_start() const {
  if (!group_.is_root()) return;
  log_info("run {}", folder_.path.string());
  const Roles& roles = data_->roles;
  const std::vector<std::size_t> rows = training_rows(data_->dataset, roles);
  const LeakageReport leakage = check_leakage(data_->dataset, roles, rows);
  log_info("{}", leakage.text());
  if (!leakage.clean()) log_warning("held-out users are not strictly new: results on them flatter every strategy");
  if (experiment_.poisoning.active()) log_warning("{}", poisoning_text(experiment_.poisoning, data_->poisoned));
  if (experiment_.fairness.active())
    log_info("{}", training_groups_text(training_groups(experiment_.fairness, *data_)));
  log_info("{}", trainable_table(learner_->parameters));
}

TrainerHooks TrainingRun::hooks() {
  TrainerHooks hooks;
  hooks.stop_requested = [] { return stop_requested(); };
  if (look_) {
    hooks.validate = [this](std::int64_t step) {
      const Validation found =
          (*look_)(BulkEncoder(group_, *pool_, *learner_->encoder, learner_->parameters, experiment_.batch.tokens),
                   learner_->objective->score_rule(learner_->parameters));
      if (group_.is_root()) log_info("step {}: {}", step, validation_text(found));
      return found;
    };
  }
  if (stream_) hooks.tasks = task_hooks();
  if (!group_.is_root()) return hooks;
  progress_ = std::make_unique<Progress>("train", "steps", steps(), invocation_.clock);
  hooks.after_step = [this](const StepReport& report, std::int64_t) {
    progress_->note(fmt::format("loss {:.4f}", report.loss));
    progress_->set(report.step + 1);
  };
  return hooks;
}

TaskHooks TrainingRun::task_hooks() {
  TaskHooks hooks;
  hooks.steps = experiment_.schedule.steps;
  hooks.state = [this] { return task_tests_->state(); };
  hooks.measure = [this](std::size_t tasks_done, std::int64_t step) {
    BulkEncoder encoder(group_, *pool_, *learner_->encoder, learner_->parameters, experiment_.batch.tokens);
    show_progress(encoder, group_, invocation_.clock, "measure tasks");
    const double scale = learner_->objective->score_rule(learner_->parameters).scale;
    const MetricsRecord row = task_tests_->measure(tasks_done, step, encoder, method_.get(), scale);
    keep_task(tasks_done);
    if (group_.is_root()) log_info("{}", row_text(*stream_, tasks_done, row));
    agree_on_errors(group_, "write memory", [&] {
      if (group_.is_root() && tasks_done > 0) write_memory(tasks_done);
    });
    return std::vector<MetricsRecord>{row};
  };
  return hooks;
}

/// Collective. Before the checkpoint that says that the task was measured.
void TrainingRun::keep_task(std::size_t tasks_done) const {
  const ContinualOptions& continual = experiment_.continual;
  if (!continual.keep_tasks || !continual.trains() || tasks_done == 0) return;
  agree_on_errors(group_, "keep task", [&] {
    if (!group_.is_root()) return;
    std::filesystem::create_directories(folder_.tasks());
    export_to(folder_.after_task(tasks_done));
  });
}

/// The pairs that come back, for whoever wants to read them: training draws them anew.
void TrainingRun::write_memory(std::size_t tasks_done) const {
  if (!experiment_.continual.replays()) return;
  write_replay_memory(folder_.memory(),
                      replay_memory(experiment_.continual, *task_planner_, method_.get(), data_->dataset, tasks_done));
}

void TrainingRun::report_resume(Trainer& trainer) const {
  std::vector<std::string> damaged;
  const bool found = trainer.resume(identity(), damaged);
  if (!group_.is_root()) return;
  for (const std::string& message : damaged) log_warning("passed over a checkpoint: {}", message);
  if (!found) log_info("no checkpoint in {}: starting at step 0", folder_.checkpoints().string());
}

void TrainingRun::fill_prefix() {
  begun_ = cache_->use();
  fill_with_known_texts(*prefix_, experiment_, *data_, *texts_, steps(), group_, *pool_);
  if (!group_.is_root()) return;
  PrefixCacheUse use = cache_->use();
  use.found = use.computed = 0;
  log_info("{}, at most {} MB; {} texts were there", prefix_use_text(*prefix_, use), experiment_.prefix_cache.megabytes,
           begun_.texts);
}

void TrainingRun::finish_prefix() const {
  agree_on_errors(group_, "prefix cache", [&] {
    if (!group_.is_root()) return;
    cache_->save();
    PrefixCacheUse use = cache_->use();
    use.found -= begun_.found;
    use.computed -= begun_.computed;
    use.evicted -= begun_.evicted;
    log_info("{}", prefix_use_text(*prefix_, use));
  });
}

void TrainingRun::finish(const TrainingSummary& summary) {
  if (progress_) progress_->finish();
  const std::size_t memory = largest_of_ranks(group_, peak_memory_bytes());
  nlohmann::json tasks;
  agree_on_errors(group_, "export", [&] {
    if (!group_.is_root()) return;
    if (summary.end != TrainingEnd::stopped_on_request) {
      export_model();
    }
    RunRecord record = make_training_record(
        {experiment_, *data_, *learner_, folder_, invocation_, identity(), pool_->threads(), memory}, summary);
    if (task_tests_) {
      const ContinualRecord measured = task_tests_->record();
      tasks = continual_summary(measured, experiment_.evaluation.bootstrap());
      record.summary["continual"] = tasks;
      record.tasks = people_of(measured);
      if (summary.end == TrainingEnd::finished) write_memory(stream_->size());
    }
    write_run_record(folder_.record(), record);
    write_tensorboard(folder_.path / k_tensorboard_name, record.metrics,
                      static_cast<double>(invocation_.clock.unix_seconds()) - summary.seconds);
  });
  if (!group_.is_root()) return;
  const char* end = summary.end == TrainingEnd::finished        ? "finished"
                    : summary.end == TrainingEnd::stopped_early ? "stopped early on role V"
                                                                : "stopped on request; go on with --resume";
  log_info("{} after {} steps, {:.1f} s in steps, peak memory {:.0f} MB, parameter digest {:016x}", end,
           summary.steps_done, summary.seconds, static_cast<double>(memory) * 1e-6, summary.digest);
  if (task_tests_ && summary.end != TrainingEnd::stopped_on_request) log_info("\n{}", continual_text(tasks));
  invocation_.output << folder_.path.string() << '\n';
}

void TrainingRun::export_to(const std::filesystem::path& folder) const {
  learner_->strategies.export_to(folder, *learner_->encoder, learner_->parameters, experiment_.encoder.folder);
}

/// Weights of single tasks lie beside the latest ones.
void TrainingRun::export_model() const {
  if (method_) {
    std::filesystem::create_directories(folder_.tasks());
    for (std::size_t task = 0; task < stream_->size() && method_->serve(task); ++task) {
      export_to(folder_.of_task(task + 1));
    }
  }
  export_to(folder_.model());
}

}  // namespace coldframe
