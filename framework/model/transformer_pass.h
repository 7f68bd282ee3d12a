#pragma once

#include <cstdint>
#include <memory>

#include "framework/model/transformer_parts.h"

namespace coldframe {

/// One forward pass of a transformer over packed texts: [N, D] float32 embeddings. Layers below `first_trainable` (-1:
/// the embeddings) run without autograd and, when the context says so, without dropout.
at::Tensor run_transformer(const TransformerParts& parts, std::int64_t first_trainable, const ForwardContext& context,
                           std::shared_ptr<const PackedLayout> layout);

/// [T, D], what enters block `layer` of such a pass.
at::Tensor transformer_layer_input(const TransformerParts& parts, std::int64_t first_trainable,
                                   const ForwardContext& context, std::shared_ptr<const PackedLayout> layout,
                                   std::int64_t layer);

}  // namespace coldframe
