#include "framework/evaluation/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/distributions.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

constexpr std::size_t k_signs_per_block = 128;

UserSum::Word magnitude(UserSum::Word word) { return word < 0 ? -word : word; }

}  // namespace

double sign_flip_p_value(std::span<const UserKey> units, std::span<const double> differences,
                         const PermutationOptions& options, double centre) {
  if (units.size() != differences.size()) {
    throw DataError("units and differences of a sign-flip test differ in number", "every unit needs one difference");
  }
  const KeyedRandom random(options.seed, Purpose::permutation);
  UserSum::Word observed = 0;
  std::vector<UserSum::Word> flipped(options.permutations, 0);
  for (std::size_t u = 0; u < units.size(); ++u) {
    const UserSum::Word difference = UserSum::to_fixed(differences[u] - centre);
    observed += difference;
    if (difference == 0) continue;
    for (std::size_t begin = 0; begin < flipped.size(); begin += k_signs_per_block) {
      const PhiloxBlock words = random.block(units[u], 0, 0, static_cast<std::uint32_t>(begin / k_signs_per_block));
      const std::size_t count = std::min(k_signs_per_block, flipped.size() - begin);
      for (std::size_t bit = 0; bit < count; ++bit) {
        const bool negative = (words[bit / 32] >> (bit % 32)) & 1u;
        flipped[begin + bit] += negative ? -difference : difference;
      }
    }
  }
  const auto extreme = std::count_if(flipped.begin(), flipped.end(),
                                     [&](UserSum::Word sum) { return magnitude(sum) >= magnitude(observed); });
  return (1.0 + static_cast<double>(extreme)) / (1.0 + static_cast<double>(options.permutations));
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<std::size_t> ascending(p_values.size());
  std::iota(ascending.begin(), ascending.end(), std::size_t{0});
  std::stable_sort(ascending.begin(), ascending.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0.0;
  for (std::size_t j = 0; j < ascending.size(); ++j) {
    const auto remaining = static_cast<double>(ascending.size() - j);
    largest = std::max(largest, std::min(1.0, remaining * p_values[ascending[j]]));
    adjusted[ascending[j]] = largest;
  }
  return adjusted;
}

double minimum_detectable_effect(double variance, std::size_t units, double alpha, double power) {
  const double quantiles = normal_quantile(1.0 - 0.5 * alpha) + normal_quantile(power);
  return quantiles * std::sqrt(variance / static_cast<double>(units));
}

double sample_variance(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

}  // namespace coldframe
