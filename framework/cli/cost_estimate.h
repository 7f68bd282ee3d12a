#pragma once

#include "framework/cli/learner.h"
#include "framework/cli/step_trial.h"

namespace coldframe {

/// What a step costs, before it is run.
struct CostEstimate {
  double tokens = 0;            // of the global batch
  double flop = 0;              // of the global batch
  double weight_bytes = 0;      // per rank, as are the others
  double state_bytes = 0;       // moments and gradient buffers
  double activation_bytes = 0;
  double program_bytes = 0;     // the program with LibTorch loaded
  double core_flops = 0;        // GEMM speed of one core of this machine
  double product_seconds = 0;   // of a step's matrix products at that speed, on all cores of all ranks

  double total_bytes() const { return weight_bytes + state_bytes + activation_bytes + program_bytes; }
};

/// FLOP per token: 2 per weight of the layers forward, 2 more backward to inputs, 2 more where weights are trained.
/// Activations: what autograd keeps per token of a lane. `tokens`: of the distinct texts of a step.
CostEstimate estimate_cost(const Experiment& experiment, const Learner& learner, double tokens, TrialShape shape);

}  // namespace coldframe
