#pragma once

#include "framework/cli/learner.h"

namespace coldframe {

/// Mean length of texts in tokens, special ones included.
struct TokenMeans {
  double user = 0;
  double item = 0;
};

/// Over all items, and over the first pairs that training would draw.
TokenMeans measure_tokens(const ExperimentData& data, const Experiment& experiment, const Tokenizer& tokenizer);

/// What a step costs, before it is run.
struct CostEstimate {
  double tokens = 0;            // of the global batch
  double flop = 0;              // of the global batch
  double weight_bytes = 0;      // per rank, as are the others
  double state_bytes = 0;       // moments and gradient buffers
  double activation_bytes = 0;
  double program_bytes = 0;     // the program with LibTorch loaded
  double core_flops = 0;        // GEMM speed of one core of this machine
  double step_seconds = 0;

  double total_bytes() const { return weight_bytes + state_bytes + activation_bytes + program_bytes; }
};

/// FLOP per token: 2 per weight of the layers forward, 2 more backward to inputs, 2 more where weights are trained.
/// Activations: what autograd keeps per token of a lane.
CostEstimate estimate_cost(const Experiment& experiment, const Learner& learner, TokenMeans tokens, int ranks);

}  // namespace coldframe
