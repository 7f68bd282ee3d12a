#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace coldframe {

/// The temperature T of P(c | x) = softmax_c(z(x) / T).
struct Temperature {
  double value = 1.0;
  bool at_bound = false;  // the loss falls beyond 1e-4 .. 1e3: all rows right, or none better than a guess
};

/// The T with the smallest mean log loss over rows that the scores were not fitted on (Guo et al., "On calibration of
/// modern neural networks", ICML 2017). The loss is convex in 1 / T, so there is one. scores [N, C], labels [N].
/// DataError when they do not fit or there is no row.
Temperature fit_temperature(std::span<const double> scores, std::span<const std::uint32_t> labels);

/// softmax(z / T) of every row, in place. scores [N, C].
void to_probabilities(std::span<double> scores, std::size_t classes, double temperature);

}  // namespace coldframe
