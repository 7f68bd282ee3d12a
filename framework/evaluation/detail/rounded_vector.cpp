#include "framework/evaluation/detail/rounded_vector.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace coldframe::detail {
namespace {

constexpr double k_infinity = std::numeric_limits<double>::infinity();

/// Sum of term(d) over [0, n) in four running sums, which a compiler keeps in vector registers.
template <class Term>
double sum_of(std::size_t n, const Term& term) {
  double sums[4] = {};
  std::size_t d = 0;
  for (; d + 4 <= n; d += 4) {
    for (std::size_t k = 0; k < 4; ++k) sums[k] += term(d + k);
  }
  for (; d < n; ++d) sums[0] += term(d);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

void round_to(std::span<const float> vector, RoundedVector& out) {
  out.numbers.assign(vector.size(), 0);
  float largest = 0, nothing = 0;
  for (const float x : vector) {
    largest = std::max(largest, std::abs(x));
    nothing += x * 0.0f;  // NaN for what is not finite
  }
  if (nothing != 0.0f) {
    out = {0, std::move(out.numbers), k_infinity, k_infinity, 0};
    return;
  }
  out.scale = largest / 127.0f;
  const float inverse = 1.0f / out.scale;
  if (std::isfinite(inverse)) {
    for (std::size_t d = 0; d < vector.size(); ++d) {
      const float x = vector[d] * inverse;
      out.numbers[d] = static_cast<std::int32_t>(x + std::copysign(0.5f, x));
    }
  }
  const double scale = out.scale;
  const auto rest = [&](std::size_t d) { return vector[d] - scale * out.numbers[d]; };
  out.length =
      std::sqrt(sum_of(vector.size(), [&](std::size_t d) { return static_cast<double>(vector[d]) * vector[d]; }));
  out.residual = std::sqrt(sum_of(vector.size(), [&](std::size_t d) { return rest(d) * rest(d); }));
  out.rounded_length = scale * std::sqrt(sum_of(vector.size(), [&](std::size_t d) {
                         return static_cast<double>(out.numbers[d]) * out.numbers[d];
                       }));
}

}  // namespace coldframe::detail
