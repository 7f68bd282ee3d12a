#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "framework/core/ids.h"

namespace coldframe {

// Calibration of predicted probabilities p against outcomes y (1 happened, 0 did not). Every function throws DataError
// when the two differ in length or are empty and NumericError for a p outside [0, 1] or NaN. To be shown by shot count
// and by group: a pooled value hides cold users.

/// Mean of -[y ln p + (1-y) ln(1-p)], p clipped to [1e-15, 1 - 1e-15].
double log_loss(std::span<const double> p, std::span<const std::uint8_t> y);

/// Mean of (p - y)^2.
double brier_score(std::span<const double> p, std::span<const std::uint8_t> y);

enum class Binning {
  equal_mass,   // row of rank r (from 0) of N falls into bin floor(r B / N); equal p stay together in the first one's
                // bin
  equal_width,  // [b/B, (b+1)/B), the last one closed
};

struct CalibrationError {
  double expected = 0.0;    // ECE = sum_b (n_b / N) |mean p - mean y|
  double maximum = 0.0;     // of |mean p - mean y| over bins that are not empty
  double signed_sum = 0.0;  // sum_b (n_b / N) (mean p - mean y)
};

CalibrationError calibration_error(std::span<const double> p, std::span<const std::uint8_t> y, std::size_t bins = 15,
                                   Binning binning = Binning::equal_mass);

/// Mean ECE of `draws` keyed redraws of y from p: what perfect calibration shows at this sample size. keys: one per
/// row.
double calibration_error_null(std::span<const double> p, std::span<const UserKey> keys, std::uint64_t seed,
                              std::size_t draws = 200, std::size_t bins = 15, Binning binning = Binning::equal_mass);

/// mean p / mean y; empty when nothing happened.
std::optional<double> calibration_in_the_large(std::span<const double> p, std::span<const std::uint8_t> y);

/// Logistic refit y ~ intercept + slope logit(p): slope 1 is right, below 1 means p is too extreme.
struct CalibrationLine {
  double intercept = 0.0;
  double slope = 1.0;
};

/// Empty when the refit has no finite answer: one class only, one p only, or p separates the classes.
std::optional<CalibrationLine> calibration_line(std::span<const double> p, std::span<const std::uint8_t> y);

}  // namespace coldframe
