#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "framework/model/keyed_dropout.h"
#include "framework/model/packed_layout.h"

namespace coldframe {

/// What attention needs besides its operands.
struct AttentionSetup {
  std::int64_t heads = 1;
  std::int64_t mask_stride = 512;  // columns between heads in mask counters: a multiple of 4, at least the longest text
  DropoutContext dropout;
  DropoutSite probabilities;
};

/// Scaled dot-product attention within each packed text: out_i = sum_j drop(softmax_j(q_i . k_j / sqrt(d))) v_j per
/// head. Mask of probability (query i, key j, head h): token i, column h * mask_stride + j. q, k, v [T, D] float32 or
/// bfloat16, D = heads * d; returns [T, D]. One autograd function that keeps only q, k and v and works through the
/// probabilities again in backward.
at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<const PackedLayout> layout, const AttentionSetup& setup);

}  // namespace coldframe
