#pragma once

#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// BitFit (Ben Zaken et al., arXiv 2106.10199): every bias is trained, those of the LayerNorms too, every matrix stays
/// as it is. The paper's smaller half is `biases = attention.self.query.bias, intermediate.dense.bias`.
struct BitfitOptions final : Options {
  std::vector<std::string> biases = {"*"};

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry bitfit_strategy();

}  // namespace coldframe
