#pragma once

#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// Full fine-tuning: the encoder's own weights are trained, all of them or those some pattern names.
struct FullOptions final : Options {
  std::vector<std::string> parameters = {"*"};  // "encoder.layer.5.*" trains the last of six layers

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry full_strategy();

}  // namespace coldframe
