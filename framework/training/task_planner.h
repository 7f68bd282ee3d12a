#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "framework/data/reservoir.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// What one task of a stream is trained on.
struct TaskSource {
  std::unique_ptr<PairSampler> sampler;
  std::unique_ptr<StepPlanner> planner;   // borrows the sampler
  std::unique_ptr<StepPlanner> examples;  // of one pair each, for the Fisher information; may be null
};

/// How pairs of earlier tasks come back.
enum class Replay {
  none,
  joined,     // behind the pairs of a step, in one loss
  reference,  // as a plan of their own beside it
};

struct TaskPlannerOptions {
  std::int64_t steps = 1;  // of every task
  std::int64_t pairs = 1;  // of a step
  Replay replay = Replay::none;
  std::size_t memory = 0;
  MemoryRule memory_rule = MemoryRule::uniform;  // groups are tasks
  std::size_t replay_pairs = 0;
  /// Share of replayed pairs in the loss beside 1 for those of the step; negative: all pairs count alike.
  double replay_weight = -1;
  std::vector<ItemId> probes = {};
  std::uint64_t seed = 1;
};

/// A pair that the memory holds.
struct RememberedPair {
  std::uint64_t element = 0;  // of the stream of pairs
  std::size_t task = 0;
  TrainingPair pair;
};

/// Plans of a stream of tasks: step s belongs to task s / steps. The memory is a reservoir over the pairs of all steps
/// in their order; what comes back are pairs of earlier tasks alone (of the last step of a task not in the next one:
/// its plan is made while that step is computed). Element e of the stream of pairs is pair e % pairs of step e / pairs,
/// so the memory is a function of (seed, step) and no part of a checkpoint.
class TaskPlanner final : public PlanSource {
 public:
  TaskPlanner(std::vector<TaskSource> tasks, TaskPlannerOptions options);

  std::size_t tasks() const { return tasks_.size(); }
  const TaskPlannerOptions& options() const { return options_; }
  std::int64_t steps() const { return options_.steps * static_cast<std::int64_t>(tasks_.size()); }
  StepPlan plan(std::int64_t step) const override;
  /// Pair `number` of a task by itself, with items drawn beside the liked one; no part of the memory.
  StepPlan example(std::size_t task, std::int64_t number) const;
  /// Of a pair, by its number in the stream.
  std::size_t task_of(std::uint64_t element) const { return static_cast<std::size_t>(element / pairs_of_task()); }
  /// What the memory holds after so many tasks, by place.
  std::vector<RememberedPair> memory_after(std::size_t tasks) const;

 private:
  ReplayedPairs replayed(std::int64_t step) const;
  void remember_until(std::uint64_t elements) const;
  TrainingPair pair_of(std::uint64_t element) const;
  std::uint64_t pairs_of_task() const {
    return static_cast<std::uint64_t>(options_.steps) * static_cast<std::uint64_t>(options_.pairs);
  }

  std::vector<TaskSource> tasks_;
  TaskPlannerOptions options_;
  mutable std::mutex mutex_;
  mutable Reservoir memory_;
  mutable std::vector<ItemId> positives_;  // by place of the memory
};

}  // namespace coldframe
