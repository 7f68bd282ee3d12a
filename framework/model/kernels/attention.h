#pragma once

#include <cstddef>
#include <cstdint>

#include "framework/model/kernels/bf16.h"
#include "framework/model/keyed_mask.h"

namespace coldframe {

// L tokens of a text, P tokens of a prefix, d width of a head.

/// Where the rows of one head of one text lie: row i starts `step` elements after row i - 1.
template <class T>
struct HeadRows {
  T* values = nullptr;  // [L, d]
  std::size_t step = 0;
};

/// Keys and values that a text finds besides its own.
struct AttentionPrefix {
  HeadRows<const float> k, v;     // [P, d]
  std::size_t length = 0;         // P
  const MaskKey* mask = nullptr;  // of their probabilities; given when the head has one
  MaskRow first_row;
};

/// One head of one text. T is float or Bf16; sums, exponentials and probabilities are float32 either way.
template <class T>
struct AttentionHead {
  HeadRows<const T> q, k, v;
  std::size_t length = 0;
  std::size_t width = 0;
  float scale = 1;                // of the scores: 1 / sqrt(d)
  const MaskKey* mask = nullptr;  // null: no dropout of probabilities
  MaskRow first_row;              // mask of probability (0, 0); row i is that of token i
  const float* bias = nullptr;    // of the scores within the text: element j - i, from -(L - 1) to L - 1; null: 0
  AttentionPrefix prefix;
};

/// Written, but for what texts share: that is added to, and null where not wanted.
template <class T>
struct AttentionGradient {
  HeadRows<T> q, k, v;
  float* bias = nullptr;          // element j - i
  HeadRows<float> prefix_k = {};  // [P, d]
  HeadRows<float> prefix_v = {};
};

/// out_i = sum_j drop(softmax_j(scale q_i . k_j + bias_(j-i))) v_j, j over the text and, without bias, the prefix.
void attend(const AttentionHead<float>& head, HeadRows<float> out);
void attend(const AttentionHead<Bf16>& head, HeadRows<Bf16> out);

/// Gradients from `outward`, that of the output; probabilities are worked out again.
void attend_backward(const AttentionHead<float>& head, HeadRows<const float> outward,
                     const AttentionGradient<float>& gradient);
void attend_backward(const AttentionHead<Bf16>& head, HeadRows<const Bf16> outward,
                     const AttentionGradient<Bf16>& gradient);

}  // namespace coldframe
