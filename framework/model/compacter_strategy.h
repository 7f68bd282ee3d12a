#pragma once

#include "framework/model/bottleneck_strategy.h"

namespace coldframe {

/// Compacter (arXiv 2106.04647): Houlsby's adapters whose maps are sums of Kronecker products sum_i C_i kron (s_i t_i),
/// the rules C_i shared by all of them. Compacter++ leaves out the adapters after attention; AdapterHub's also reads
/// LN(h + f) as Pfeiffer's adapters do.
struct CompacterOptions final : BottleneckOptions {
  CompacterOptions() {
    reduction = 32;
    activation = "gelu";
  }
  bool plus_plus = false;
  std::string input = "branch";
  std::int64_t products = 4;
  std::int64_t rank = 1;

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry compacter_strategy();

}  // namespace coldframe
