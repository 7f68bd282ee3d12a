#include "framework/evaluation/individual_fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Rows by b = 0, 1, 2: everything here is a function of these counts, so the order of rows changes nothing.
struct Benefits {
  double counts[3] = {};
  double rows = 0.0;
  double mean = 0.0;

  Benefits(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision) {
    if (outcome.size() != decision.size() || outcome.empty()) {
      throw DataError(fmt::format("{} decisions for {} outcomes", decision.size(), outcome.size()),
                      "every row needs both, and there must be rows");
    }
    for (std::size_t i = 0; i < outcome.size(); ++i) counts[1 + (decision[i] != 0) - (outcome[i] != 0)] += 1.0;
    rows = static_cast<double>(outcome.size());
    mean = (counts[1] + 2.0 * counts[2]) / rows;
  }

  template <class Term>
  double average(Term term) const {
    double sum = 0.0;
    for (int b = 0; b < 3; ++b) {
      if (counts[b] > 0.0) sum += counts[b] * term(b / mean);
    }
    return sum / rows;
  }
};

}  // namespace

double generalised_entropy(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision,
                           double alpha) {
  const Benefits benefits(outcome, decision);
  if (alpha == 0.0) return -benefits.average([](double x) { return std::log(x); });
  if (alpha == 1.0) return benefits.average([](double x) { return x > 0.0 ? x * std::log(x) : 0.0; });
  return benefits.average([&](double x) { return std::pow(x, alpha) - 1.0; }) / (alpha * (alpha - 1.0));
}

double gei0_aif360(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision) {
  return generalised_entropy(outcome, decision, 0.0) / Benefits(outcome, decision).mean;
}

double coefficient_of_variation(std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> decision) {
  return std::sqrt(2.0 * generalised_entropy(outcome, decision, 2.0));
}

double consistency(std::span<const double> features, std::span<const std::uint8_t> decision, std::size_t neighbours) {
  const std::size_t rows = decision.size();
  if (rows == 0 || features.size() % rows != 0) {
    throw DataError(fmt::format("{} features for {} rows", features.size(), rows), "every row needs equally many");
  }
  if (neighbours == 0 || neighbours > rows) {
    throw ConfigError(fmt::format("consistency over {} neighbours", neighbours), fmt::format("there are {} rows", rows),
                      "use 5");
  }
  const std::size_t width = features.size() / rows;
  std::vector<std::size_t> nearest(rows);
  std::vector<double> distance(rows);
  double inconsistent = 0.0;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < rows; ++j) {
      distance[j] = 0.0;
      for (std::size_t f = 0; f < width; ++f) {
        const double step = features[i * width + f] - features[j * width + f];
        distance[j] += step * step;
      }
    }
    std::iota(nearest.begin(), nearest.end(), std::size_t{0});
    const auto end = nearest.begin() + static_cast<std::ptrdiff_t>(neighbours);
    std::partial_sort(nearest.begin(), end, nearest.end(), [&](std::size_t a, std::size_t b) {
      return distance[a] != distance[b] ? distance[a] < distance[b] : a < b;
    });
    const auto selected = std::count_if(nearest.begin(), end, [&](std::size_t j) { return decision[j] != 0; });
    inconsistent +=
        std::abs((decision[i] != 0 ? 1.0 : 0.0) - static_cast<double>(selected) / static_cast<double>(neighbours));
  }
  return 1.0 - inconsistent / static_cast<double>(rows);
}

}  // namespace coldframe
