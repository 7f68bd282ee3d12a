#pragma once

#include <cstdint>

#include "framework/cli/learner.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// How many tokens the distinct texts of a step have.
struct StepTokens {
  double mean = 0;
  double largest = 0;
  double texts = 0;  // distinct ones, mean
};

/// How a trial cuts the machine at hand into ranks.
struct TrialShape {
  int ranks = 1;
  int threads = 1;  // of each rank

  int cores() const { return ranks * threads; }
};

/// `ranks` x `threads` (0: a rank's share of `cores`) as they are meant, or as much of that as `cores` cores hold.
TrialShape meant_shape(int ranks, std::int64_t threads, int cores, std::int64_t lanes);
TrialShape trial_shape(TrialShape meant, int cores);

/// Tokens of the distinct texts of a step over the first `steps` plans.
StepTokens step_tokens(const StepPlanner& planner, std::int64_t steps);

/// Seconds of an average step of this experiment: real steps, whose ranks are threads of this process and reduce with
/// the code of real ranks. One step goes ahead untimed; of the others the best counts, per token. What was trained is
/// thrown away. Needs the memory of all ranks.
double try_steps(const Experiment& experiment, const ResolvedConfig& config, const ExperimentData& data,
                 TrialShape shape, std::int64_t steps, double mean_tokens);

}  // namespace coldframe
