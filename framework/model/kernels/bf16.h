#pragma once

#include <cstdint>

namespace coldframe {

/// The upper half of a float32: 8 bits of exponent, 7 of mantissa. Kernels read it exactly and write it rounded to the
/// nearest, ties to even. Laid out as LibTorch's c10::BFloat16.
struct Bf16 {
  std::uint16_t bits;
};

}  // namespace coldframe
