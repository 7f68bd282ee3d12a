#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace coldframe {

// Inequality between single people, in AIF360's conventions. b_i = 1 + decision - outcome, mu = mean b. To be called
// with decisions and outcomes of 0 and 1; every function throws DataError for lists that are empty or differ in length.

/// GEI(a) = mean((b/mu)^a - 1) / (a (a-1)); a = 1: Theil = mean((b/mu) ln(b/mu)) with 0 ln 0 = 0; a = 0:
/// -mean(ln(b/mu)).
double generalised_entropy(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision,
                           double alpha = 2.0);

/// AIF360's code at a = 0 divides by mu once more than its own formula: -mean(ln(b/mu) / mu).
double gei0_aif360(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision);

/// sqrt(2 GEI(2)).
double coefficient_of_variation(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision);

/// 1 - mean |y_i - mean of y over the `neighbours` rows nearest to i|; the row itself is one of them. Euclidean
/// distance, equal distances by row. features [rows, width]. Quadratic in rows.
double consistency(std::span<const double> features, std::span<const std::uint8_t> decision,
                   std::size_t neighbours = 5);

}  // namespace coldframe
