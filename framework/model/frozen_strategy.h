#pragma once

#include "framework/model/strategy.h"

namespace coldframe {

/// The pretrained encoder as it is: the baseline that every trained strategy is compared with.
struct FrozenOptions final : Options {
  void describe(OptionVisitor& visitor) override;
};

StrategyEntry frozen_strategy();

}  // namespace coldframe
