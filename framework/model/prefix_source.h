#pragma once

#include <memory>
#include <vector>

#include "framework/model/encoder.h"

namespace coldframe {

// P tokens of a prefix, H width of the inner layer, D width of the encoder.

/// Rows that are parameters themselves.
struct FlatPrefix {
  ParameterIndex keys = -1;    // [P, D]
  ParameterIndex values = -1;  // [P, D]
};

/// Rows out of a perceptron that all layers share but for its last map: tanh(tokens U^T + c) W^T + b + folded. Folded
/// rows are frozen: zero, or what was read from a folder, which holds rows only; W and b then are zero.
struct PrefixPerceptron {
  struct Output {
    ParameterIndex weight = -1;  // W [D, H]
    ParameterIndex bias = -1;    // b [D]
    ParameterIndex folded = -1;  // [P, D]
  };
  ParameterIndex tokens = -1;        // [P, D]
  ParameterIndex inner_weight = -1;  // U [H, D]
  ParameterIndex inner_bias = -1;    // c [H]
  Output keys, values;
};

/// float32 in every precision.
std::shared_ptr<const PrefixSource> make_prefix_source(const FlatPrefix& prefix);
std::shared_ptr<const PrefixSource> make_prefix_source(const PrefixPerceptron& prefix);

}  // namespace coldframe
