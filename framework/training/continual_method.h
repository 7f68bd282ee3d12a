#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "framework/comm/group.h"
#include "framework/distributed/checkpoint_files.h"
#include "framework/model/encoder.h"
#include "framework/training/continual_options.h"
#include "framework/training/lane_pool.h"
#include "framework/training/objective.h"
#include "framework/training/similarity_targets.h"
#include "framework/training/state_slots.h"
#include "framework/training/task_planner.h"

namespace coldframe {

class TrainStep;

/// What a method works on; borrowed.
struct MethodParts {
  const Group& group;
  LanePool& pool;
  const Encoder& encoder;
  ParameterStore& parameters;
  const Objective& objective;
  const TaskPlanner& planner;
  std::int64_t chunk_tokens = 4096;  // of texts that an earlier encoder reads
};

/// How a stream of tasks is learned besides what the plans hold. Every rank calls everything at the same places with
/// the same bits. Nothing has to be overridden.
class ContinualMethod {
 public:
  virtual ~ContinualMethod() = default;
  /// Before the first step of a task.
  virtual void begin_task(std::size_t /*task*/) {}
  /// Before the pass of a step (collective): rows that it is drawn towards.
  virtual std::vector<SimilarityTargets> targets(const StepPlan& /*plan*/) { return {}; }
  /// After the pass. `embeddings` [U, D] float32 of the plan's texts.
  virtual void look(const StepPlan& /*plan*/, const at::Tensor& /*embeddings*/) {}
  /// After the reduction, before norm and clipping: may add the gradient of a penalty on parameters; returns the
  /// penalty.
  virtual double add_penalty(GradientSum& /*gradient*/) { return 0; }
  virtual void after_update() {}
  /// After the last step of a task (collective).
  virtual void end_task(std::size_t /*task*/, TrainStep& /*step*/) {}
  /// The weights that serve the people of a task are put in place, where they depend on it; all tasks before are served
  /// by their own. False: the same weights serve everybody.
  virtual bool serve(std::size_t /*task*/) { return false; }
  /// What a resumed run needs besides parameters, of the same shapes from the first step on.
  virtual std::vector<StateTensor> state() { return {}; }
};

/// How many copies of all trainable parameters a method holds, over so many tasks.
std::size_t held_copies(const ContinualOptions& options, std::size_t tasks);

/// A method that needs nothing besides its plans (naive, joint, replay, agem, frozen) is null.
std::unique_ptr<ContinualMethod> make_continual_method(const ContinualOptions& options, const MethodParts& parts);

}  // namespace coldframe
