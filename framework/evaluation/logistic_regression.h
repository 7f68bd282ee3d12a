#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coldframe {

/// P(label 1 | x) = 1 / (1 + exp(-(b + sum_f w_f (x_f - m_f) / s_f))), m and s the mean and standard deviation of a
/// feature over the rows that were fitted. A feature that does not vary has weight 0.
struct LogisticModel {
  double intercept = 0;
  std::vector<double> weights;     // [features] w
  std::vector<double> means;       // m
  std::vector<double> deviations;  // s; 0: the feature does not vary

  /// The linear score b + ..., which ranks as the probability does.
  double score(std::span<const double> features) const;
};

/// The one maximum of sum log P(label) - ridge / 2 sum_f w_f^2, by Newton's method with step halving; ridge > 0, so
/// that separable rows have a maximum too. features [rows, width], labels 0 or 1. Throws ConfigError for a ridge that
/// is not positive, DataError for other sizes and NumericError for a feature that is not finite.
LogisticModel fit_logistic(std::span<const double> features, std::span<const std::uint8_t> labels, double ridge);

}  // namespace coldframe
