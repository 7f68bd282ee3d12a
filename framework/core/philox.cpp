#include "framework/core/philox.h"

#include <cmath>
#include <numbers>

namespace coldframe {

double gumbel(std::uint32_t word) { return -std::log(-std::log(uniform_double(word))); }

std::array<double, 2> standard_normals(std::uint32_t first, std::uint32_t second) {
  const double radius = std::sqrt(-2.0 * std::log(uniform_double(first)));
  const double angle = 2.0 * std::numbers::pi * uniform_double(second);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

int poisson_one(std::uint32_t word) {
  // floor(2^32 CDF(k)) of Poisson(1), k = 0..12; the weight is the number of thresholds at or below the word.
  constexpr std::array<std::uint32_t, 13> thresholds = {1580030168u, 3160060337u, 3950075421u, 4213413783u, 4279248373u,
                                                        4292415291u, 4294609777u, 4294923276u, 4294962463u, 4294966817u,
                                                        4294967252u, 4294967292u, 4294967295u};
  int weight = 0;
  for (const std::uint32_t threshold : thresholds) weight += threshold <= word ? 1 : 0;
  return weight;
}

}  // namespace coldframe
