#pragma once

#include "framework/model/bottleneck_strategy.h"

namespace coldframe {

/// Bottleneck adapters of Pfeiffer et al. (arXiv 2005.00247; AdapterHub's seq_bn), one per layer after the feed-forward
/// output f: u = LN(h + f), h' = LN(h + f + W_up act(W_down u + b_down) + b_up), the same pretrained LN twice. Weights
/// start from N(0, 0.02), biases from 0.
struct PfeifferOptions final : BottleneckOptions {};

StrategyEntry pfeiffer_strategy();

}  // namespace coldframe
