#pragma once

#include <bit>
#include <cstdint>

namespace coldframe::detail {

/// e^x as exp_all() (vector_exp.h) defines it, for loops that a compiler vectorises:
/// x = n log 2 + r, |r| <= log(2) / 2; e^r by its Taylor series up to r^13 / 13!, whose rest is below 5e-18.
inline __attribute__((always_inline)) double exp_series(double x) {
  constexpr double k_least = -708.0, k_most = 709.0;
  constexpr double k_round = 0x1.8p52;                // adding it rounds to a whole number, in the low bits
  constexpr double k_log2_high = 0x1.62e42fefa38p-1;  // 13 zeros at its end: n times it is exact
  constexpr double k_log2_low = 0x1.ef35793c7673p-45;
  x = x < k_least ? k_least : x;
  x = x > k_most ? k_most : x;
  const double shifted = x * 0x1.71547652b82fep0 + k_round;
  const double n = shifted - k_round;
  const double r = (x - n * k_log2_high) - n * k_log2_low;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // The low bits of `shifted` hold n; 2^n is a matter of the exponent.
  const std::uint64_t power = (std::bit_cast<std::uint64_t>(shifted) << 52) + (std::uint64_t{1023} << 52);
  return p * std::bit_cast<double>(power);
}

}  // namespace coldframe::detail
