#pragma once

#include "framework/model/bottleneck_strategy.h"

namespace coldframe {

/// Bottleneck adapters of Houlsby et al. (arXiv 1902.00751; AdapterHub's double_seq_bn), two per layer, after attention
/// and after the feed-forward output f: h' = LN(h + f + W_up act(W_down f + b_down) + b_up). Weights start from a
/// normal distribution of deviation 0.01 cut at two deviations, biases from 0. The paper trains the LayerNorms too.
struct HoulsbyOptions final : BottleneckOptions {
  HoulsbyOptions() { activation = "gelu"; }
  bool layer_norms = true;

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry houlsby_strategy();

}  // namespace coldframe
