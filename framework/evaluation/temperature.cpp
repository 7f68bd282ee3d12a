#include "framework/evaluation/temperature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr double k_coldest = 1e-4, k_hottest = 1e3;

/// Derivative of the mean log loss by 1 / T: mean of E_p[z] - z_label, which grows with 1 / T.
double slope(std::span<const double> scores, std::span<const std::uint32_t> labels, double inverse) {
  const std::size_t classes = scores.size() / labels.size();
  double sum = 0.0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const std::span<const double> z = scores.subspan(row * classes, classes);
    const double largest = *std::ranges::max_element(z);
    double weights = 0.0, weighted = 0.0;
    for (const double score : z) {
      const double weight = std::exp(inverse * (score - largest));
      weights += weight;
      weighted += weight * score;
    }
    sum += weighted / weights - z[labels[row]];
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

Temperature fit_temperature(std::span<const double> scores, std::span<const std::uint32_t> labels) {
  if (labels.empty() || scores.empty() || scores.size() % labels.size() != 0) {
    throw DataError(fmt::format("{} scores of {} rows", scores.size(), labels.size()),
                    "a temperature needs the scores of every class for every row, and at least one row");
  }
  const std::size_t classes = scores.size() / labels.size();
  if (*std::ranges::max_element(labels) >= classes) {
    throw DataError(fmt::format("a row holds class {}", *std::ranges::max_element(labels)),
                    fmt::format("there are {} classes", classes));
  }
  double low = std::log(1.0 / k_hottest), high = std::log(1.0 / k_coldest);  // of ln 1/T
  if (slope(scores, labels, std::exp(low)) >= 0.0) return {k_hottest, true};
  if (slope(scores, labels, std::exp(high)) <= 0.0) return {k_coldest, true};
  constexpr int halvings = 50;
  for (int step = 0; step < halvings; ++step) {
    const double middle = 0.5 * (low + high);
    (slope(scores, labels, std::exp(middle)) < 0.0 ? low : high) = middle;
  }
  return {std::exp(-0.5 * (low + high)), false};
}

void to_probabilities(std::span<double> scores, std::size_t classes, double temperature) {
  for (std::size_t at = 0; at < scores.size(); at += classes) {
    const std::span<double> row = scores.subspan(at, classes);
    const double largest = *std::ranges::max_element(row);
    double sum = 0.0;
    for (double& score : row) {
      score = std::exp((score - largest) / temperature);
      sum += score;
    }
    for (double& score : row) score /= sum;
  }
}

}  // namespace coldframe
