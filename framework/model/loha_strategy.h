#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// LoHa (Hyeon-Woo et al., arXiv 2108.06098; LyCORIS, arXiv 2309.14859): y = (W + s (A1 B1) * (A2 B2)) x + b, an
/// elementwise product of two low-rank matrices with s = alpha / rank, whose rank reaches rank^2. A1, A2 [out, rank]
/// and B1 [rank, in] start Kaiming-uniform(sqrt 5), B2 at 0, as in PEFT.
struct LohaOptions final : Options {
  std::int64_t rank = 8;
  double alpha = 8;
  std::vector<std::string> targets = {"attention.query", "attention.value"};
  std::vector<std::int64_t> layers;  // empty: all

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry loha_strategy();

}  // namespace coldframe
