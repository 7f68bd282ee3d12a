#pragma once

#include "framework/model/bottleneck_strategy.h"

namespace coldframe {

/// Parallel adapters of He et al. (arXiv 2110.04366; AdapterHub's par_bn), one beside every feed-forward block:
/// h' = LN(h + f + c (W_up act(W_down h + b_down) + b_up)). W_up and biases start from 0: at first nothing is added.
struct ParallelOptions final : BottleneckOptions {
  double scale = 4;
  bool train_scale = false;

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry parallel_strategy();

}  // namespace coldframe
