#pragma once

#include <cstdint>

namespace coldframe {

/// size = first * second.
struct KroneckerSplit {
  std::int64_t first = 1;
  std::int64_t second = 1;
};

/// How LyCORIS and PEFT split a side of a matrix: (factor, size / factor) where factor divides it; else the most even
/// split, first <= second, whose first part is at most `factor` (-1: any).
KroneckerSplit kronecker_split(std::int64_t size, std::int64_t factor);

}  // namespace coldframe
