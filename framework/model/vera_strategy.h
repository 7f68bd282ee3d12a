#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// VeRA (Kopiczko et al., arXiv 2310.11454): y = W x + b + v * B (u * A drop(x)). A [rank, in] and B [out, rank] are
/// random, frozen and shared by all maps, which read the leading columns and rows they need; u [rank] starts at
/// d_initial, v [out] at 0.
struct VeraOptions final : Options {
  std::int64_t rank = 256;
  double dropout = 0;
  double d_initial = 0.1;
  std::vector<std::string> targets = {"attention.query", "attention.value"};
  std::vector<std::int64_t> layers;  // empty: all

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry vera_strategy();

}  // namespace coldframe
