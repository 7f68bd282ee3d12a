#include "framework/evaluation/softmax_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/lbfgs.h"

namespace coldframe {
namespace {

constexpr std::size_t k_parts = 16;  // of the rows, whatever the number of threads
constexpr std::size_t k_tile = 8;    // rows that read a row of weights together

void check_rows(std::span<const float> features, std::span<const std::uint32_t> labels, std::size_t classes) {
  if (labels.empty() || features.size() % labels.size() != 0) {
    throw DataError(fmt::format("{} features of {} rows", features.size(), labels.size()),
                    "every row needs the same number of them");
  }
  std::vector<std::size_t> rows(classes);
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] >= classes) {
      throw DataError(fmt::format("row {} holds class {}", r, labels[r]), fmt::format("there are {} classes", classes));
    }
    ++rows[labels[r]];
  }
  const auto missing = std::ranges::find(rows, std::size_t{0});
  if (missing == rows.end()) return;
  throw DataError(fmt::format("class {} has no row", missing - rows.begin()), "its intercept has no finite maximum");
}

/// scores [rows, C] += x [rows, D] times weights [D, C].
void add_products(std::span<const double> x, std::span<const double> weights, std::size_t rows, std::size_t width,
                  std::size_t classes, std::span<double> scores) {
  for (std::size_t d = 0; d < width; ++d) {
    const double* of_feature = weights.data() + d * classes;
    for (std::size_t r = 0; r < rows; ++r) {
      const double value = x[r * width + d];
      double* row = scores.data() + r * classes;
      for (std::size_t c = 0; c < classes; ++c) row[c] += value * of_feature[c];
    }
  }
}

/// Turns the scores of a row into probabilities; returns ln of their normaliser.
double normalise(std::span<double> scores) {
  const double largest = *std::ranges::max_element(scores);
  double sum = 0.0;
  for (double& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (double& score : scores) score /= sum;
  return largest + std::log(sum);
}

}  // namespace

std::vector<double> SoftmaxHead::scores(std::span<const float> features) const {
  const std::size_t width = mean.size(), rows = width == 0 ? 0 : features.size() / width;
  std::vector<double> found(rows * classes()), x(k_tile * width);
  for (std::size_t at = 0; at < rows; at += k_tile) {
    const std::size_t count = std::min(k_tile, rows - at);
    for (std::size_t i = 0; i < count * width; ++i) x[i] = (features[at * width + i] - mean[i % width]) / scale;
    const std::span<double> tile = std::span(found).subspan(at * classes(), count * classes());
    for (std::size_t r = 0; r < count; ++r) {
      std::ranges::copy(intercepts, tile.begin() + static_cast<std::ptrdiff_t>(r * classes()));
    }
    add_products(x, weights, count, width, classes(), tile);
  }
  return found;
}

/// Sums over a part of the rows.
struct SoftmaxFitter::Part {
  double log_likelihood = 0.0;
  std::vector<double> gradient;  // [D, C] and [C] behind it
};

SoftmaxFitter::SoftmaxFitter(std::span<const float> features, std::span<const std::uint32_t> labels,
                             std::size_t classes, RunBlocks run)
    : features_(features), labels_(labels), classes_(classes), run_(std::move(run)) {
  check_rows(features, labels, classes);
  width_ = features.size() / labels.size();
  const auto rows = static_cast<double>(labels.size());
  start_.mean.assign(width_, 0.0);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (!std::isfinite(features[i])) {
      throw NumericError(fmt::format("feature {} of row {} is not finite", i % width_, i / width_));
    }
    start_.mean[i % width_] += features[i] / rows;
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const double centred = features[i] - start_.mean[i % width_];
    squares += centred * centred;
  }
  if (squares > 0.0) start_.scale = std::sqrt(squares / rows);
  start_.weights.assign(width_ * classes, 0.0);
  start_.intercepts.assign(classes, 0.0);
}

void SoftmaxFitter::centre(std::size_t row, std::size_t count, std::span<double> out) const {
  const float* values = features_.data() + row * width_;
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t d = 0; d < width_; ++d) {
      out[r * width_ + d] = (values[r * width_ + d] - start_.mean[d]) / start_.scale;
    }
  }
}

void SoftmaxFitter::add_rows(std::size_t begin, std::size_t end, std::span<const double> x, Part& part) const {
  const std::size_t weights = width_ * classes_;
  std::vector<double> inputs(k_tile * width_), scores(k_tile * classes_);
  for (std::size_t at = begin; at < end; at += k_tile) {
    const std::size_t count = std::min(k_tile, end - at);
    centre(at, count, inputs);
    for (std::size_t r = 0; r < count; ++r) {
      std::copy_n(x.data() + weights, classes_, scores.data() + r * classes_);
    }
    add_products(inputs, x.first(weights), count, width_, classes_, scores);
    for (std::size_t r = 0; r < count; ++r) {
      const std::span<double> row = std::span(scores).subspan(r * classes_, classes_);
      const std::uint32_t label = labels_[at + r];
      const double of_label = row[label];
      part.log_likelihood += of_label - normalise(row);
      for (double& probability : row) probability = -probability;
      row[label] += 1.0;  // row is now d ln P(label) / d z
      for (std::size_t c = 0; c < classes_; ++c) part.gradient[weights + c] += row[c];
    }
    for (std::size_t d = 0; d < width_; ++d) {
      double* of_feature = part.gradient.data() + d * classes_;
      for (std::size_t r = 0; r < count; ++r) {
        const double value = inputs[r * width_ + d];
        const double* row = scores.data() + r * classes_;
        for (std::size_t c = 0; c < classes_; ++c) of_feature[c] += value * row[c];
      }
    }
  }
}

double SoftmaxFitter::objective(std::span<const double> x, double ridge, std::span<double> gradient) {
  const std::size_t rows = labels_.size(), weights = width_ * classes_;
  std::vector<Part> parts(std::min(k_parts, rows));
  const auto sum_part = [&](std::size_t p) {
    parts[p].gradient.assign(x.size(), 0.0);
    add_rows(rows * p / parts.size(), rows * (p + 1) / parts.size(), x, parts[p]);
  };
  if (run_) {
    run_(parts.size(), sum_part);
  } else {
    for (std::size_t p = 0; p < parts.size(); ++p) sum_part(p);
  }
  double value = 0.0, squares = 0.0;
  std::ranges::fill(gradient, 0.0);
  for (const Part& part : parts) {
    value += part.log_likelihood;
    for (std::size_t i = 0; i < x.size(); ++i) gradient[i] += part.gradient[i];
  }
  for (double& slope : gradient) slope /= static_cast<double>(rows);
  for (std::size_t i = 0; i < weights; ++i) {
    gradient[i] -= ridge * x[i];
    squares += x[i] * x[i];
  }
  return value / static_cast<double>(rows) - 0.5 * ridge * squares;
}

SoftmaxFit SoftmaxFitter::fit(const SoftmaxFitOptions& options) {
  if (!(options.ridge > 0.0)) {
    throw ConfigError(fmt::format("logistic regression with ridge {}", options.ridge), "it must be positive",
                      "use 1e-3");
  }
  std::vector<double> x = start_.weights;
  x.insert(x.end(), start_.intercepts.begin(), start_.intercepts.end());
  const std::vector<double> values = maximise_lbfgs(
      [&](std::span<const double> at, std::span<double> gradient) { return objective(at, options.ridge, gradient); }, x,
      {options.most_steps, options.tolerance});
  const auto intercepts = x.begin() + static_cast<std::ptrdiff_t>(width_ * classes_);
  std::copy(x.begin(), intercepts, start_.weights.begin());
  std::copy(intercepts, x.end(), start_.intercepts.begin());
  const std::size_t steps = values.size() - 1;
  return {start_, values.back(), steps, steps < options.most_steps};
}

}  // namespace coldframe
