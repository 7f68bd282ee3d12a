#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "framework/model/parameters.h"

namespace coldframe {

/// alpha / rank, or alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732): the update keeps its size as the rank grows.
inline double lora_scale(bool rank_stabilized, double alpha, double rank) {
  return alpha / (rank_stabilized ? std::sqrt(rank) : rank);
}

/// One linear map with its low-rank update W + scale B A.
struct LoraSite {
  std::string module;             // path in the checkpoint: "encoder.layer.0.attention.self.query"
  ParameterIndex weight = -1;     // W [out, in]
  ParameterIndex bias = -1;       // [out]
  ParameterIndex a = -1;          // [rank, in]
  ParameterIndex b = -1;          // [out, rank]
  ParameterIndex magnitude = -1;  // [out], DoRA only
  std::int64_t rank = 0;
  double alpha = 0;
  double scale = 0;
  // What init = pissa or olora moved from W to A and B: W holds the rest W0 - scale taken_b taken_a. Else undefined.
  at::Tensor taken_a = {};
  at::Tensor taken_b = {};
};

}  // namespace coldframe
