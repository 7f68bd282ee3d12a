#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// `[optimizer]`
struct OptimizerOptions : Options {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;  // matrices only: not biases, LayerNorm and scalars
  double clip_norm = 1.0;      // 0 switches clipping off
  /// Layer l of L learns at layer_decay^(L - 1 - l), embeddings at layer_decay^L of the rate (Sun et al., arXiv
  /// 1905.05583), whatever in them is trained.
  double layer_decay = 1.0;
  std::vector<std::string> learning_rate_factors;  // PATTERN:FACTOR over parameter names
  std::vector<std::string> weight_decays;          // PATTERN:DECAY, also of what else does not decay
  /// Gradual unfreezing (Howard and Ruder, arXiv 1801.06146): the highest trained layer learns from the first step,
  /// each lower one so many steps later, embeddings last. 0: all from the first step.
  std::int64_t unfreeze_every = 0;
  std::vector<std::string> unfreeze_at;  // PATTERN:STEP in place of that

  void describe(OptionVisitor& visitor) override;
};

}  // namespace coldframe
