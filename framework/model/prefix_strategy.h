#pragma once

#include <cstdint>
#include <string>

#include "framework/model/strategy.h"

namespace coldframe {

/// P-tuning v2 (Liu et al., arXiv 2110.07602): in every layer `length` keys and values more, trained as they are.
struct PTuningOptions : Options {
  std::int64_t length = 20;
  std::string positions = "stay";  // stay | shift

  void describe(OptionVisitor& visitor) override;
};

/// Prefix-tuning (Li and Liang, arXiv 2101.00190): the same, trained through a perceptron that is folded away in what
/// is exported. Its last map is apart for each layer, the rest is shared.
struct PrefixOptions final : PTuningOptions {
  std::int64_t inner_width = 0;  // 0: that of the encoder

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry prefix_strategy();
StrategyEntry p_tuning_v2_strategy();

}  // namespace coldframe
