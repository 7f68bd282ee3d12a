#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coldframe::detail {

/// A vector as whole numbers times a scale, and what that is worth.
struct RoundedVector {
  float scale = 0;
  std::vector<std::int8_t> numbers;  // [D] from -127 to 127
  double length = 0;                 // of the vector
  double residual = 0;               // length of what rounding took away; infinity when a value is not finite
  double rounded_length = 0;
};

/// Rounds a vector [D]; memory of `out` is used again.
void round_to(std::span<const float> vector, RoundedVector& out);

}  // namespace coldframe::detail
