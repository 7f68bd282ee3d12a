#pragma once

#include <cstdint>
#include <future>

#include "framework/training/step_plan.h"

namespace coldframe {

/// Makes the plan of the next step (tokenisation included) while the current one is computed.
class PlanAhead {
 public:
  explicit PlanAhead(const PlanSource& planner) : planner_(planner) {}

  /// The plan of `step`; starts on `step + 1` when that is below `end`.
  StepPlan take(std::int64_t step, std::int64_t end);

 private:
  const PlanSource& planner_;
  std::future<StepPlan> next_;
  std::int64_t next_step_ = -1;
};

}  // namespace coldframe
