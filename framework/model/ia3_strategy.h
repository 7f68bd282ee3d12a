#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// (IA)^3 (Liu et al., arXiv 2205.05638): one trained factor, at first 1, per output of some linear maps,
/// y = l * (W x + b), and per input of others, y = W (l * x) + b. The defaults are the paper's: keys, values and what
/// the feed-forward block computes inside. PEFT's own default for BERT scales the input of attention.output as well.
struct Ia3Options final : Options {
  std::vector<std::string> targets = {"attention.key", "attention.value"};
  std::vector<std::string> input_targets = {"feed_forward.output"};
  std::vector<std::int64_t> layers;  // empty: all

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

StrategyEntry ia3_strategy();

}  // namespace coldframe
