#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

struct PermutationOptions {
  std::size_t permutations = 9999;
  std::uint64_t seed = 1;
};

/// Sign-flip permutation test of "the differences are symmetric around `centre`", two-sided:
///   p = (1 + #{|t*| >= |t|}) / (1 + B).
/// Signs come from Philox keyed (seed, permutation), counter (unit, permutation); sums in fixed point, so equal sums
/// compare equal and the order of the units changes nothing.
double sign_flip_p_value(std::span<const UserKey> units, std::span<const double> differences,
                         const PermutationOptions& options = {}, double centre = 0.0);

/// Holm's step-down: p ascending, p_(i) <- max_{j <= i} min(1, (m - j + 1) p_(j)); returned in the order given.
std::vector<double> holm_adjusted(std::span<const double> p_values);

/// Smallest mean difference a paired comparison of n units finds with the given power:
/// d = (z_{1 - alpha/2} + z_power) sqrt(variance / n), which is sqrt(7.85 variance / n) at the defaults.
double minimum_detectable_effect(double variance, std::size_t units, double alpha = 0.05, double power = 0.8);

/// Unbiased sample variance; 0 for fewer than two values.
double sample_variance(std::span<const double> values);

}  // namespace coldframe
