#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "framework/model/packed_layout.h"

namespace coldframe {

// Sums run over the tokens of a text in order, in double, so that the bits depend on the text alone.

/// x [T, D] -> [N, D]: mean of the token rows of each text.
at::Tensor mean_pool(const at::Tensor& x, std::shared_ptr<const PackedLayout> layout);
/// x [T, D] -> [N, D]: first token row of each text.
at::Tensor cls_pool(const at::Tensor& x, std::shared_ptr<const PackedLayout> layout);
/// x [N, D] -> [N, D]: rows divided by max(|row|, 1e-12).
at::Tensor normalize_rows(const at::Tensor& x);

}  // namespace coldframe
