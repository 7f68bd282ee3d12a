#include "framework/evaluation/logistic_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_most_steps = 100;
constexpr double k_tolerance = 1e-12;  // of the objective, relative

double log_one_plus_exp(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// Solves A x = b for a symmetric positive definite A [n, n] (lower triangle used, overwritten by its Cholesky factor).
void solve_in_place(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) {
      for (std::size_t i = j; i < n; ++i) a[i * n + j] -= a[i * n + k] * a[j * n + k];
    }
    const double pivot = std::sqrt(a[j * n + j]);
    for (std::size_t i = j; i < n; ++i) a[i * n + j] /= pivot;
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

/// Rows with a leading 1 and standardised features; the parameters are [intercept, weights].
class Problem {
 public:
  Problem(std::span<const double> features, std::span<const std::uint8_t> labels, double ridge, LogisticModel& model)
      : rows_(labels.size()), size_(1 + model.weights.size()), labels_(labels), ridge_(ridge) {
    design_.reserve(rows_ * size_);
    for (std::size_t r = 0; r < rows_; ++r) {
      design_.push_back(1.0);
      for (std::size_t f = 0; f + 1 < size_; ++f) {
        const double centred = features[r * (size_ - 1) + f] - model.means[f];
        design_.push_back(model.deviations[f] > 0 ? centred / model.deviations[f] : 0.0);
      }
    }
  }

  double objective(std::span<const double> x) const {
    double sum = 0;
    for (std::size_t r = 0; r < rows_; ++r) {
      const double score = linear(x, r);
      sum += (labels_[r] != 0 ? score : 0.0) - log_one_plus_exp(score);
    }
    for (std::size_t f = 1; f < size_; ++f) sum -= 0.5 * ridge_ * x[f] * x[f];
    return sum;
  }

  /// Newton's step: information^-1 gradient.
  std::vector<double> step(std::span<const double> x) const {
    std::vector<double> information(size_ * size_, 0.0), gradient(size_, 0.0);
    for (std::size_t r = 0; r < rows_; ++r) {
      const double* row = design_.data() + r * size_;
      const double p = 1.0 / (1.0 + std::exp(-linear(x, r)));
      const double residual = (labels_[r] != 0 ? 1.0 : 0.0) - p, weight = p * (1.0 - p);
      for (std::size_t i = 0; i < size_; ++i) {
        gradient[i] += residual * row[i];
        for (std::size_t j = 0; j <= i; ++j) information[i * size_ + j] += weight * row[i] * row[j];
      }
    }
    information[0] += 1e-9;  // of the intercept: rows of one class have no maximum
    for (std::size_t f = 1; f < size_; ++f) {
      information[f * size_ + f] += ridge_;
      gradient[f] -= ridge_ * x[f];
    }
    solve_in_place(information, gradient);
    return gradient;
  }

 private:
  double linear(std::span<const double> x, std::size_t r) const {
    double sum = 0;
    for (std::size_t f = 0; f < size_; ++f) sum += x[f] * design_[r * size_ + f];
    return sum;
  }

  std::size_t rows_, size_;
  std::span<const std::uint8_t> labels_;
  double ridge_;
  std::vector<double> design_;
};

void standardise(std::span<const double> features, std::size_t rows, LogisticModel& model) {
  const std::size_t width = model.weights.size();
  for (std::size_t f = 0; f < width; ++f) {
    double mean = 0, squares = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const double value = features[r * width + f];
      if (!std::isfinite(value)) throw NumericError(fmt::format("feature {} of row {} is not finite", f, r));
      mean += value / static_cast<double>(rows);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      squares += (features[r * width + f] - mean) * (features[r * width + f] - mean);
    }
    const double deviation = std::sqrt(squares / static_cast<double>(rows));
    model.means[f] = mean;
    model.deviations[f] = deviation > 1e-12 * std::max(1.0, std::abs(mean)) ? deviation : 0.0;
  }
}

}  // namespace

double LogisticModel::score(std::span<const double> features) const {
  double sum = intercept;
  for (std::size_t f = 0; f < weights.size(); ++f) {
    if (deviations[f] > 0) sum += weights[f] * (features[f] - means[f]) / deviations[f];
  }
  return sum;
}

LogisticModel fit_logistic(std::span<const double> features, std::span<const std::uint8_t> labels, double ridge) {
  if (!(ridge > 0)) {
    throw ConfigError(fmt::format("logistic regression with ridge {}", ridge), "it must be positive", "use 1");
  }
  if (labels.empty() || features.size() % labels.size() != 0) {
    throw DataError(fmt::format("{} features of {} rows", features.size(), labels.size()),
                    "every row needs the same number of them");
  }
  const std::size_t width = features.size() / labels.size();
  LogisticModel model{0, std::vector<double>(width), std::vector<double>(width), std::vector<double>(width)};
  standardise(features, labels.size(), model);
  const Problem problem(features, labels, ridge, model);
  std::vector<double> x(1 + width, 0.0), trial(1 + width);
  double value = problem.objective(x);
  for (std::size_t at = 0; at < k_most_steps; ++at) {
    const std::vector<double> step = problem.step(x);
    double length = 1.0, best = value;
    for (; length > 1e-6; length *= 0.5) {
      for (std::size_t i = 0; i < x.size(); ++i) trial[i] = x[i] + length * step[i];
      best = problem.objective(trial);
      if (best >= value) break;
    }
    if (!(best >= value)) break;
    const double gained = best - value;
    x = trial;
    value = best;
    if (gained <= k_tolerance * (1.0 + std::abs(value))) break;
  }
  model.intercept = x[0];
  std::copy(x.begin() + 1, x.end(), model.weights.begin());
  return model;
}

}  // namespace coldframe
