#include "framework/evaluation/detail/rounded_vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace coldframe::detail {
namespace {

constexpr double k_infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t k_lanes = 8;

/// Sums over the vector, in running sums that a compiler keeps in vector registers.
struct Squares {
  double vector[k_lanes] = {}, residual[k_lanes] = {}, rounded[k_lanes] = {};
};

double root_of(const double (&sums)[k_lanes]) {
  return std::sqrt(std::accumulate(std::begin(sums), std::end(sums), 0.0));
}

/// The largest magnitude, as bits: those of positive floats are in their order, and what is not finite comes last.
inline __attribute__((always_inline)) std::uint32_t largest_bits(std::span<const float> vector) {
  std::int32_t largest = 0;
  for (const float x : vector) largest = std::max(largest, std::bit_cast<std::int32_t>(x) & 0x7FFFFFFF);
  return static_cast<std::uint32_t>(largest);
}

inline __attribute__((always_inline)) void round_lanes(const float* vector, float inverse, double scale,
                                                       std::int8_t* numbers, Squares& squares) {
  std::int32_t whole[k_lanes];
  for (std::size_t k = 0; k < k_lanes; ++k) {
    const float x = vector[k] * inverse;
    whole[k] = static_cast<std::int32_t>(x + std::copysign(0.5f, x));
  }
  double rest[k_lanes], rounded[k_lanes], value[k_lanes];
  for (std::size_t k = 0; k < k_lanes; ++k) value[k] = static_cast<double>(vector[k]);
  for (std::size_t k = 0; k < k_lanes; ++k) rounded[k] = scale * static_cast<double>(whole[k]);
  for (std::size_t k = 0; k < k_lanes; ++k) rest[k] = value[k] - rounded[k];
  for (std::size_t k = 0; k < k_lanes; ++k) squares.vector[k] += value[k] * value[k];
  for (std::size_t k = 0; k < k_lanes; ++k) squares.residual[k] += rest[k] * rest[k];
  for (std::size_t k = 0; k < k_lanes; ++k) squares.rounded[k] += rounded[k] * rounded[k];
  for (std::size_t k = 0; k < k_lanes; ++k) numbers[k] = static_cast<std::int8_t>(whole[k]);
}

inline __attribute__((always_inline)) void round_all(std::span<const float> vector, RoundedVector& out) {
  constexpr std::uint32_t k_not_finite = 0x7F800000;
  out.numbers.resize(vector.size());
  const std::uint32_t largest = largest_bits(vector);
  if (largest >= k_not_finite) {
    std::fill(out.numbers.begin(), out.numbers.end(), std::int8_t{0});
    out = {0, std::move(out.numbers), k_infinity, k_infinity, 0};
    return;
  }
  out.scale = std::bit_cast<float>(largest) / 127.0f;
  const float reciprocal = 1.0f / out.scale;
  const float inverse = std::isfinite(reciprocal) ? reciprocal : 0.0f;  // then all round to 0
  Squares squares;
  std::size_t d = 0;
  for (; d + k_lanes <= vector.size(); d += k_lanes) {
    round_lanes(vector.data() + d, inverse, out.scale, out.numbers.data() + d, squares);
  }
  float rest[k_lanes] = {};
  std::int8_t numbers[k_lanes];
  std::copy(vector.begin() + static_cast<std::ptrdiff_t>(d), vector.end(), rest);
  round_lanes(rest, inverse, out.scale, numbers, squares);
  std::copy_n(numbers, vector.size() - d, out.numbers.data() + d);
  out.length = root_of(squares.vector);
  out.residual = root_of(squares.residual);
  out.rounded_length = root_of(squares.rounded);
}

void round_plain(std::span<const float> vector, RoundedVector& out) { round_all(vector, out); }

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512"))) void round_avx512(
    std::span<const float> vector, RoundedVector& out) {
  round_all(vector, out);
}
#endif

using Round = void (*)(std::span<const float>, RoundedVector&);

Round best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return round_avx512;
  }
#endif
  return round_plain;
}

}  // namespace

void round_to(std::span<const float> vector, RoundedVector& out) {
  static const Round best_here = best();
  best_here(vector, out);
}

}  // namespace coldframe::detail
