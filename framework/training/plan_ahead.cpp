#include "framework/training/plan_ahead.h"

namespace coldframe {

StepPlan PlanAhead::take(std::int64_t step, std::int64_t end) {
  StepPlan plan = next_.valid() && next_step_ == step ? next_.get() : planner_.plan(step);
  if (step + 1 < end) {
    next_step_ = step + 1;
    next_ = std::async(std::launch::async, [this, at = next_step_] { return planner_.plan(at); });
  }
  return plan;
}

}  // namespace coldframe
