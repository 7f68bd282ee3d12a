#pragma once

#include <bit>
#include <cstdint>

namespace coldframe::detail {

// Branch-free float functions that compilers vectorise, and that give the same bits whatever the vector length: used
// where thousands of draws are weighted, never for what users do. Relative error of exp below 2e-7, absolute error of
// log below 1e-6 near 1 and relative elsewhere (tests/simulation/fast_math_test.cpp).

/// e^x for x clamped to [-87, 88].
inline float fast_exp(float x) {
  // Clamped as whole numbers: a comparison of floats may trap, which keeps GCC from vectorising. Negative floats have
  // negative bits that grow with the magnitude.
  constexpr auto top = std::bit_cast<std::int32_t>(88.0f);
  constexpr auto bottom = std::bit_cast<std::int32_t>(-87.0f);
  auto bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t above = -static_cast<std::int32_t>(bits > top);
  bits = (bits & ~above) | (top & above);
  const std::int32_t below = -static_cast<std::int32_t>(bits > bottom) & (bits >> 31);
  bits = (bits & ~below) | (bottom & below);
  x = std::bit_cast<float>(bits);
  const float shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: rounds to a whole number
  const float whole = shifted - 12582912.0f;
  const float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const std::int32_t exponent = (static_cast<std::int32_t>(whole) + 127) << 23;
  return p * std::bit_cast<float>(exponent);
}

/// log x for positive normal x.
inline float fast_log(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t offset = bits - 0x3F3504F3;  // of sqrt(1/2): the mantissa lands in [sqrt(1/2), sqrt(2))
  const std::int32_t exponent = offset >> 23;
  const float mantissa = std::bit_cast<float>(bits - (exponent << 23));
  // log m = 2 atanh(t), t = (m - 1) / (m + 1), |t| < 0.172.
  const float t = (mantissa - 1.0f) / (mantissa + 1.0f);
  const float s = t * t;
  float p = 2.0f / 9.0f;
  p = p * s + 2.0f / 7.0f;
  p = p * s + 2.0f / 5.0f;
  p = p * s + 2.0f / 3.0f;
  p = p * s + 2.0f;
  return static_cast<float>(exponent) * 0.693147181f + t * p;
}

}  // namespace coldframe::detail
