#pragma once

#include <cstddef>
#include <vector>

#include "framework/training/flat_layout.h"

namespace coldframe {

/// A piece of a trainable parameter that one thread works on while it is in the cache.
struct ParameterSlice {
  static constexpr std::size_t no_table = static_cast<std::size_t>(-1);

  ParameterIndex parameter = -1;
  std::size_t ordinal = 0;        // of the parameter: dense ones in layout order, then the tables
  std::size_t begin = 0;          // elements of the parameter
  std::size_t end = 0;
  std::size_t state = 0;          // offset of element `begin` in the moments and, of dense ones, in the gradient
  std::size_t table = no_table;   // index among the sparse parameters; such slices are whole rows
};

/// Every trainable element once, in order.
std::vector<ParameterSlice> parameter_slices(const FlatLayout& layout);

}  // namespace coldframe
