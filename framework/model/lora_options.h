#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// LoRA (Hu et al., arXiv 2106.09685): y = W x + b + s B A drop(x), A [rank, in], B [out, rank].
/// s = alpha / rank; rsLoRA (arXiv 2312.03732): alpha / sqrt(rank). LoRA+ (arXiv 2402.12354): B learns faster than A.
/// First values: B = 0 and A Kaiming-uniform(sqrt 5) or normal(0, 1 / rank); or A and B take a part of W with them
/// (principal_factors.h), so that y is the pretrained one up to rounding.
struct LoraOptions final : Options {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets = {"attention.query", "attention.value"};
  std::vector<std::int64_t> layers;  // empty: all
  std::vector<std::string> rank_pattern;
  std::vector<std::string> alpha_pattern;
  std::string scaling = "standard";
  std::string init = "kaiming";
  std::string bias = "none";
  double b_learning_rate_factor = 1;
  std::string start_from;

  void describe(OptionVisitor& visitor) override;
};

}  // namespace coldframe
