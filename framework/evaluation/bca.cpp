#include "framework/evaluation/bca.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/core/error.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

struct RatioSums {
  UserSum numerator;
  UserSum denominator;
  double ratio() const { return numerator.value() / denominator.value(); }
};

std::vector<double> replicate_ratios(std::span<const UserKey> users, std::span<const double> numerators,
                                     std::span<const double> denominators, const BootstrapOptions& options) {
  std::vector<RatioSums> sums(options.replicates);
  std::vector<std::uint8_t> weights(options.replicates);
  const KeyedRandom random(options.seed, Purpose::bootstrap);
  for (std::size_t u = 0; u < users.size(); ++u) {
    fill_bootstrap_weights(random, users[u], weights);
    const UserSum::Word x = UserSum::to_fixed(numerators[u]);
    const UserSum::Word n = UserSum::to_fixed(denominators[u]);
    for (std::size_t b = 0; b < weights.size(); ++b) {
      sums[b].numerator.add(x, weights[b]);
      sums[b].denominator.add(n, weights[b]);
    }
  }
  std::vector<double> ratios;
  for (const RatioSums& sum : sums) {
    const double ratio = sum.ratio();
    if (std::isfinite(ratio)) ratios.push_back(ratio);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios;
}

/// Empty when the jackknife values do not vary or one of them is undefined.
std::optional<double> acceleration(std::span<const double> numerators, std::span<const double> denominators,
                                   double total_x, double total_n) {
  std::vector<double> left_one_out;
  double mean = 0.0;
  for (std::size_t u = 0; u < numerators.size(); ++u) {
    left_one_out.push_back((total_x - numerators[u]) / (total_n - denominators[u]));
    mean += left_one_out.back() / static_cast<double>(numerators.size());
  }
  double squares = 0.0;
  double cubes = 0.0;
  for (const double value : left_one_out) {
    const double d = mean - value;
    squares += d * d;
    cubes += d * d * d;
  }
  if (!(squares > 0.0) || !std::isfinite(squares)) return std::nullopt;
  return cubes / (6.0 * std::pow(squares, 1.5));
}

}  // namespace

std::optional<Interval> bca_interval(std::span<const UserKey> users, std::span<const double> numerators,
                                     std::span<const double> denominators, const BootstrapOptions& options) {
  const std::vector<double> ones(denominators.empty() ? users.size() : 0, 1.0);
  if (denominators.empty()) denominators = ones;
  if (numerators.size() != users.size() || denominators.size() != users.size()) {
    throw DataError("values and users of a bootstrap differ in number", "every user needs one value per column");
  }
  const std::vector<double> replicates = replicate_ratios(users, numerators, denominators, options);
  const double tail = 0.5 * (1.0 - options.level);
  const auto wanted = static_cast<double>(options.replicates);
  if (static_cast<double>(replicates.size()) < (1.0 - tail) * wanted) return std::nullopt;

  RatioSums whole;
  for (std::size_t u = 0; u < users.size(); ++u) {
    whole.numerator.add(numerators[u]);
    whole.denominator.add(denominators[u]);
  }
  const auto below = std::lower_bound(replicates.begin(), replicates.end(), whole.ratio()) - replicates.begin();
  const double share = static_cast<double>(below) / static_cast<double>(replicates.size());
  const std::optional<double> a =
      acceleration(numerators, denominators, whole.numerator.value(), whole.denominator.value());
  if (share <= 0.0 || share >= 1.0 || !a) return std::nullopt;

  const double z0 = normal_quantile(share);
  const auto endpoint = [&](double q) {
    const double z = z0 + normal_quantile(q);
    return sorted_quantile(replicates, normal_cdf(z0 + z / (1.0 - *a * z)));
  };
  return Interval{endpoint(tail), endpoint(1.0 - tail)};
}

}  // namespace coldframe
