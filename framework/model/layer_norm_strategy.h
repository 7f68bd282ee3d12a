#pragma once

#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// LayerNorm tuning: gain and bias of the LayerNorms are trained, all of them (Qi et al., arXiv 2211.08823) or, as Zhao
/// et al. (arXiv 2312.11420) do, those after attention alone, `targets = attention.*`.
struct LayerNormOptions final : Options {
  std::vector<std::string> targets = {"*"};

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry layer_norm_strategy();

}  // namespace coldframe
