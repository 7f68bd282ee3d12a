#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// LoRA (Hu et al., arXiv 2106.09685): y = W x + b + (alpha / rank) B A drop(x), A [rank, in] Kaiming-uniform(sqrt 5),
/// B [out, rank] = 0.
struct LoraOptions final : Options {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets = {"attention.query", "attention.value"};

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry lora_strategy();

}  // namespace coldframe
