#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "framework/cli/frozen_layers.h"
#include "framework/cli/learner.h"
#include "framework/cli/noisy_texts.h"
#include "framework/cli/run_folder.h"
#include "framework/cli/subcommand.h"
#include "framework/cli/task_setup.h"
#include "framework/cli/task_tests.h"
#include "framework/cli/validation_look.h"
#include "framework/comm/topology.h"
#include "framework/core/progress.h"
#include "framework/data/pair_sampler.h"
#include "framework/training/continual_method.h"
#include "framework/training/lane_pool.h"
#include "framework/training/trainer.h"

namespace coldframe {

/// One training run from configuration to export, on every rank of a group. Members stand in the order in which they
/// are made. A mistake in the inputs is found by the constructor, before a folder is made or emptied.
class TrainingRun {
 public:
  /// Collective. Borrows all. `caches`: what runs of one process share.
  TrainingRun(const Experiment& experiment, const Invocation& invocation, ExistingRun existing, PrefixCaches& caches);

  /// Collective. Trains, exports, writes the record; `done`, or `stopped` after a checkpoint.
  ExitCode run();

 private:
  int threads() const;
  nlohmann::json identity() const;
  void compare_ranks();
  void print_start() const;
  std::int64_t steps() const;  // of all tasks
  const PlanSource& plans();
  TrainerHooks hooks();
  TaskHooks task_hooks();
  void keep_task(std::size_t tasks_done) const;
  void write_memory(std::size_t tasks_done) const;
  void export_to(const std::filesystem::path& folder) const;
  void export_model() const;
  void report_resume(Trainer& trainer) const;
  void fill_prefix();
  void finish_prefix() const;
  void finish(const TrainingSummary& summary);

  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
  ExistingRun existing_;
  PrefixCaches& caches_;
  RunFolder folder_;
  FileLock lock_;  // rank 0: no second job writes into the folder
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<TaskStream> stream_;    // none: an ordinary run
  std::unique_ptr<PairSampler> sampler_;  // of an ordinary run
  std::unique_ptr<Learner> learner_;
  std::vector<StrategyTraining*> strategy_training_;  // of the learner
  std::unique_ptr<TokenizedTexts> texts_;
  std::unique_ptr<NoisyTexts> training_texts_;
  std::unique_ptr<ValidationLook> look_;       // none: training never looks at role V
  std::unique_ptr<TaskPlanner> task_planner_;  // of a stream
  std::unique_ptr<TaskTests> task_tests_;
  std::unique_ptr<StepPlanner> planner_;  // of an ordinary run
  Topology topology_;
  std::unique_ptr<LanePool> pool_;
  PrefixCache* cache_ = nullptr;  // null: not used
  std::unique_ptr<FrozenPrefix> prefix_;
  std::unique_ptr<ContinualMethod> method_;  // null: nothing besides the plans
  PrefixCacheUse begun_;                     // what the cache had seen before this run
  std::unique_ptr<Progress> progress_;
};

}  // namespace coldframe
