#pragma once

#include "framework/cli/learner.h"
#include "framework/cli/step_trial.h"

namespace coldframe {

/// What a step costs, before it is run.
struct CostEstimate {
  StepTokens tokens;            // of the global batch
  double flop = 0;              // of the mean global batch
  double weight_bytes = 0;      // per rank, as are the others
  double state_bytes = 0;       // moments and gradient buffers
  double activation_bytes = 0;  // of the largest batch
  double program_bytes = 0;     // the program with LibTorch and the data loaded
  double loading_bytes = 0;     // most that is held before the first step, the program included
  double core_flops = 0;        // GEMM speed of one core of this machine
  double product_seconds = 0;   // of a step's matrix products at that speed, on all cores of all ranks

  /// The largest resident size of a rank.
  double total_bytes() const;
};

/// FLOP per token: 2 per weight of the layers forward, 2 more backward to inputs, 2 more where weights are trained.
/// Activations: what autograd keeps per token, and what the backward of one layer needs besides.
CostEstimate estimate_cost(const Experiment& experiment, const Learner& learner, StepTokens tokens, TrialShape shape);

}  // namespace coldframe
