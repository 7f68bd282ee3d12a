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

/// What scores and keys get besides q, k and v; an undefined tensor stands for nothing. R at least the longest text, P
/// tokens of a prefix.
struct AttentionExtras {
  at::Tensor bias;           // [heads, 2 R - 1] float32; column R - 1 + j - i is added to the score of (query i, key j)
  at::Tensor prefix_keys;    // [P, D] float32, seen by every text; no bias
  at::Tensor prefix_values;  // [P, D] float32
};

/// Scaled dot-product attention within each packed text: out_i = sum_j drop(softmax_j(q_i . k_j / sqrt(d) + b_(j-i)))
/// v_j per head, j over the text and the prefix. Mask of probability (query i, key j, head h): token of row i, column
/// h * mask_stride + j; probabilities of the prefix have a site of their own. q, k, v [T, D] float32 or bfloat16, D =
/// heads * d; returns [T, D]. One autograd function that keeps only its operands and works through the probabilities
/// again in backward. Gradients of what texts share are summed in the order of the texts.
at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<const PackedLayout> layout, const AttentionSetup& setup,
                            const AttentionExtras& extras = {});

}  // namespace coldframe
