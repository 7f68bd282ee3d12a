#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "framework/core/clock.h"
#include "framework/core/options.h"
#include "framework/distributed/checkpoint_files.h"
#include "framework/training/metrics_log.h"
#include "framework/training/train_step.h"

namespace coldframe {

/// `[checkpoint]`
struct CheckpointOptions : Options {
  std::int64_t every = 100;  // steps; 0: only at the end
  std::int64_t keep = 2;
  double wall_time_minutes = 0;  // 0: no limit; a clean stop with exit code 75 before the limit is reached

  void describe(OptionVisitor& visitor) override;
};

/// `[evaluation]` options that steer training: how often role V is looked at, and when to stop early.
struct ValidationOptions {
  std::int64_t every = 0;     // steps; 0: never
  std::int64_t patience = 0;  // evaluations without improvement before the run stops; 0: never stops early
};

/// What a look at role V found. `score` decides (higher is better); `values` are logged.
struct Validation {
  double score = 0;
  std::vector<std::pair<std::string, double>> values;
};

/// A stream of tasks of equal length, as the trainer sees it.
struct TaskHooks {
  std::int64_t steps = 0;  // of every task; 0: no tasks
  /// How good the model is for everybody after so many tasks (0: untrained); logged. Collective, before the first step
  /// and after the last one of every task.
  std::function<std::vector<MetricsRecord>(std::size_t tasks_done, std::int64_t step)> measure;
  std::function<std::vector<StateTensor>()> state;  // of what measures
};

/// What the trainer asks of its surroundings. All callbacks are called on every rank at the same step.
struct TrainerHooks {
  std::function<Validation(std::int64_t step)> validate;             // collective; may be empty
  std::function<bool()> stop_requested;                              // this rank's wish; may be empty
  std::function<void(const StepReport&, std::int64_t steps)> after_step;  // progress; may be empty
  TaskHooks tasks;
};

struct TrainerPaths {
  std::filesystem::path checkpoints;
  std::filesystem::path metrics_log;
};

enum class TrainingEnd { finished, stopped_early, stopped_on_request };

struct TrainingSummary {
  TrainingEnd end = TrainingEnd::finished;
  std::int64_t steps_done = 0;
  std::int64_t resumed_from = 0;
  std::optional<std::int64_t> best_step;
  double best_score = 0;
  double seconds = 0;              // of steps, in this process
  std::uint64_t digest = 0;
};

/// The loop: plan ahead, step, metrics log, validation, checkpoints, early stopping, clean stop. A run that was killed
/// and goes on from its last checkpoint ends with the same weights, optimizer state and metrics.
/// Files are written by rank 0; all ranks agree on a failure to write before anybody goes on.
class Trainer {
 public:
  Trainer(const Group& group, TrainStep& step, const PlanSource& planner, ParameterStore& parameters,
          const TrainerPaths& paths, const CheckpointOptions& checkpoint, const ValidationOptions& validation,
          const Clock& clock, TrainerHooks hooks);

  /// Goes on from the newest intact checkpoint whose `identity` (config digest, encoder, data ...) is the same; DataError
  /// names what differs. Returns false when there is no checkpoint.
  bool resume(const nlohmann::json& identity, std::vector<std::string>& damaged);
  TrainingSummary run(const nlohmann::json& identity, std::int64_t steps);

 private:
  struct Progress {  // everything besides tensors that a resumed run needs
    std::int64_t step = 0;
    std::optional<std::int64_t> best_step;
    double best_score = 0;
    std::int64_t evaluations_without_gain = 0;
  };
  std::vector<StateTensor> state_tensors();
  void save(const nlohmann::json& identity);
  void log_step(const StepReport& report);
  bool validate();  // true when patience has run out
  bool wants_stop() const;
  void measure_tasks();
  bool end_task();  // true where a task has ended
  void restore_best();

  const Group& group_;
  TrainStep& step_;
  const PlanSource& planner_;
  ParameterStore& parameters_;
  TrainerPaths paths_;
  CheckpointOptions checkpoint_;
  ValidationOptions validation_;
  const Clock& clock_;
  TrainerHooks hooks_;
  Progress progress_;
  double started_;
  std::unique_ptr<MetricsLog> log_;  // rank 0 only
};

}  // namespace coldframe
