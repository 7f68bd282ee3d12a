#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "framework/model/packed_layout.h"

namespace coldframe {

/// Puts the prompt [P, D] in front of the token rows of each text: rows [tokens, D] without prompts -> [T, D] with
/// them, as `layout` has them. float32. The gradient of the prompt is summed over texts in their order.
at::Tensor with_prompt(const at::Tensor& prompt, const at::Tensor& rows, std::shared_ptr<const PackedLayout> layout);

}  // namespace coldframe
