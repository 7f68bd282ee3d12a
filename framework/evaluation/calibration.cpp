#include "framework/evaluation/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

constexpr double k_clip = 1e-15;

void check(std::span<const double> p, std::size_t outcomes) {
  if (p.empty() || p.size() != outcomes) {
    throw DataError(fmt::format("{} probabilities for {} outcomes", p.size(), outcomes),
                    "calibration needs both for every row, and at least one row");
  }
  const auto wrong = std::find_if(p.begin(), p.end(), [](double value) { return !(value >= 0.0 && value <= 1.0); });
  if (wrong != p.end()) {
    throw NumericError(fmt::format("probability {} of row {}", *wrong, wrong - p.begin()), "it must lie in [0, 1]");
  }
}

std::size_t bin_at(std::size_t rank, std::size_t rows, std::size_t bins) { return rank * bins / rows; }

/// Bin of every row.
std::vector<std::size_t> bins_of(std::span<const double> p, std::size_t bins, Binning binning) {
  std::vector<std::size_t> bin(p.size());
  if (binning == Binning::equal_width) {
    for (std::size_t row = 0; row < p.size(); ++row) {
      bin[row] = std::min(bins - 1, static_cast<std::size_t>(p[row] * static_cast<double>(bins)));
    }
    return bin;
  }
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const bool tied = rank > 0 && p[order[rank]] == p[order[rank - 1]];
    bin[order[rank]] = tied ? bin[order[rank - 1]] : bin_at(rank, p.size(), bins);
  }
  return bin;
}

CalibrationError error_over(std::span<const double> p, std::span<const std::uint8_t> y,
                            std::span<const std::size_t> bin, std::size_t bins) {
  std::vector<double> gap(bins, 0.0);  // sum of p - y
  std::vector<double> rows(bins, 0.0);
  for (std::size_t row = 0; row < p.size(); ++row) {
    gap[bin[row]] += p[row] - (y[row] ? 1.0 : 0.0);
    rows[bin[row]] += 1.0;
  }
  CalibrationError error;
  const auto total = static_cast<double>(p.size());
  for (std::size_t b = 0; b < bins; ++b) {
    if (rows[b] == 0.0) continue;
    error.expected += std::abs(gap[b]) / total;
    error.signed_sum += gap[b] / total;
    error.maximum = std::max(error.maximum, std::abs(gap[b]) / rows[b]);
  }
  return error;
}

void check_bins(std::size_t bins) {
  if (bins == 0) throw ConfigError("calibration error over 0 bins", "at least one bin is needed", "use 15");
}

double logit(double p) {
  const double clipped = std::clamp(p, k_clip, 1.0 - k_clip);
  return std::log(clipped) - std::log1p(-clipped);
}

/// Newton steps on the two-parameter logistic likelihood.
std::optional<CalibrationLine> fit_line(const std::vector<double>& x, std::span<const std::uint8_t> y) {
  constexpr int most_steps = 100;
  CalibrationLine line{0.0, 0.0};
  for (int step = 0; step < most_steps; ++step) {
    double g0 = 0.0, g1 = 0.0, h00 = 0.0, h01 = 0.0, h11 = 0.0;
    for (std::size_t row = 0; row < x.size(); ++row) {
      const double mean = 1.0 / (1.0 + std::exp(-(line.intercept + line.slope * x[row])));
      const double residual = (y[row] ? 1.0 : 0.0) - mean;
      const double weight = mean * (1.0 - mean);
      g0 += residual;
      g1 += residual * x[row];
      h00 += weight;
      h01 += weight * x[row];
      h11 += weight * x[row] * x[row];
    }
    const double determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-12 * h00 * h11)) return std::nullopt;
    const double d0 = (h11 * g0 - h01 * g1) / determinant;
    const double d1 = (h00 * g1 - h01 * g0) / determinant;
    line.intercept += d0;
    line.slope += d1;
    if (std::abs(d0) < 1e-12 * (1.0 + std::abs(line.intercept)) &&
        std::abs(d1) < 1e-12 * (1.0 + std::abs(line.slope))) {
      return line;
    }
  }
  return std::nullopt;
}

}  // namespace

double log_loss(std::span<const double> p, std::span<const std::uint8_t> y) {
  check(p, y.size());
  double sum = 0.0;
  for (std::size_t row = 0; row < p.size(); ++row) {
    const double clipped = std::clamp(p[row], k_clip, 1.0 - k_clip);
    sum -= y[row] ? std::log(clipped) : std::log1p(-clipped);
  }
  return sum / static_cast<double>(p.size());
}

double brier_score(std::span<const double> p, std::span<const std::uint8_t> y) {
  check(p, y.size());
  double sum = 0.0;
  for (std::size_t row = 0; row < p.size(); ++row) {
    const double error = p[row] - (y[row] ? 1.0 : 0.0);
    sum += error * error;
  }
  return sum / static_cast<double>(p.size());
}

CalibrationError calibration_error(std::span<const double> p, std::span<const std::uint8_t> y, std::size_t bins,
                                   Binning binning) {
  check(p, y.size());
  check_bins(bins);
  return error_over(p, y, bins_of(p, bins, binning), bins);
}

double calibration_error_null(std::span<const double> p, std::span<const UserKey> keys, std::uint64_t seed,
                              std::size_t draws, std::size_t bins, Binning binning) {
  check(p, keys.size());
  check_bins(bins);
  const KeyedRandom random(seed, Purpose::permutation);
  const std::vector<std::size_t> bin = bins_of(p, bins, binning);
  std::vector<std::uint8_t> y(p.size());
  double sum = 0.0;
  for (std::uint32_t draw = 0; draw < draws; ++draw) {
    for (std::size_t row = 0; row < p.size(); ++row) y[row] = random.uniform(keys[row], 0, 1, draw) < p[row] ? 1 : 0;
    sum += error_over(p, y, bin, bins).expected;
  }
  return draws == 0 ? 0.0 : sum / static_cast<double>(draws);
}

std::optional<double> calibration_in_the_large(std::span<const double> p, std::span<const std::uint8_t> y) {
  check(p, y.size());
  const double predicted = std::accumulate(p.begin(), p.end(), 0.0);
  const auto happened =
      static_cast<double>(std::count_if(y.begin(), y.end(), [](std::uint8_t outcome) { return outcome != 0; }));
  if (happened == 0.0) return std::nullopt;
  return predicted / happened;
}

std::optional<CalibrationLine> calibration_line(std::span<const double> p, std::span<const std::uint8_t> y) {
  check(p, y.size());
  std::vector<double> x(p.size());
  std::transform(p.begin(), p.end(), x.begin(), logit);
  const auto [lowest, highest] = std::minmax_element(x.begin(), x.end());
  if (*lowest == *highest) return std::nullopt;
  return fit_line(x, y);
}

}  // namespace coldframe
