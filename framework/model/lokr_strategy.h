#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// LoKr (LyCORIS, arXiv 2309.14859): y = (W + s C kron D) x + b with s = alpha / rank. C is [out1, in1], D [out2, in2],
/// out = out1 out2 and in = in1 in2 being split by kronecker_split(); a D with a side above 2 rank is itself a product
/// D_a D_b of that rank, and with decompose_both so is C. C (or its first factor) starts at 0, the others
/// Kaiming-uniform(sqrt 5), as in PEFT. C kron D is never formed: x as [in1, in2] becomes C x D^T.
struct LokrOptions final : Options {
  std::int64_t rank = 8;
  double alpha = 8;
  std::int64_t factor = -1;
  bool decompose_both = false;
  std::vector<std::string> targets = {"attention.query", "attention.value"};
  std::vector<std::int64_t> layers;  // empty: all

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

StrategyEntry lokr_strategy();

}  // namespace coldframe
