#include "framework/evaluation/label_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

constexpr double k_clip = 1e-15;
constexpr std::size_t k_means = 4;   // columns of a classifier
constexpr std::size_t k_macros = 3;  // precision, recall, F1

/// Column of a score that is a mean over rows; the confidence gap is confidence minus accuracy.
enum MeanColumn : std::size_t { k_accuracy, k_log_loss, k_brier, k_confidence };

std::size_t mean_column(LabelScore score) {
  if (score == LabelScore::log_loss) return k_log_loss;
  return score == LabelScore::brier ? k_brier : k_accuracy;
}

bool is_macro(LabelScore score) {
  return score == LabelScore::macro_precision || score == LabelScore::macro_recall || score == LabelScore::macro_f1;
}

double part_of(double part, double whole) { return whole == 0.0 ? 0.0 : part / whole; }

Estimate estimate_of(double value, std::vector<double> replicates, std::size_t rows, const BootstrapOptions& options) {
  Estimate estimate{value, 0.0, std::nullopt, rows, 0};
  std::ranges::sort(replicates);
  const double tail = 0.5 * (1.0 - options.level);
  estimate.standard_error = std::sqrt(sample_variance(replicates));
  estimate.interval = Interval{sorted_quantile(replicates, tail), sorted_quantile(replicates, 1.0 - tail)};
  return estimate;
}

/// Counts of one classifier by class and replicate; the last column is the sample itself.
class Counts {
 public:
  Counts(std::size_t classes, std::size_t columns) : columns_(columns), counts_(classes * columns) {}
  void add(std::uint32_t of, std::span<const std::uint8_t> weights) {
    std::uint32_t* row = counts_.data() + of * columns_;
    for (std::size_t b = 0; b < weights.size(); ++b) row[b] += weights[b];
    row[columns_ - 1] += 1;
  }
  double at(std::size_t of, std::size_t column) const { return counts_[of * columns_ + column]; }

 private:
  std::size_t columns_;
  std::vector<std::uint32_t> counts_;
};

}  // namespace

std::vector<LabelPrediction> label_predictions(std::span<const double> probabilities,
                                               std::span<const std::uint32_t> labels) {
  if (labels.empty() || probabilities.size() % labels.size() != 0) {
    throw DataError(fmt::format("{} probabilities of {} rows", probabilities.size(), labels.size()),
                    "every row needs one for each class, and there must be rows");
  }
  const std::size_t classes = probabilities.size() / labels.size();
  std::vector<LabelPrediction> rows;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const std::span<const double> p = probabilities.subspan(r * classes, classes);
    if (labels[r] >= classes) {
      throw DataError(fmt::format("row {} holds class {}", r, labels[r]), fmt::format("there are {} classes", classes));
    }
    LabelPrediction row;
    for (std::size_t c = 0; c < classes; ++c) {
      if (!(p[c] >= 0.0 && p[c] <= 1.0)) {
        throw NumericError(fmt::format("probability {} of row {}, class {}", p[c], r, c), "it must lie in [0, 1]");
      }
      const double error = p[c] - (c == labels[r] ? 1.0 : 0.0);
      row.brier += error * error;
    }
    row.predicted = static_cast<std::uint32_t>(std::ranges::max_element(p) - p.begin());
    row.confidence = p[row.predicted];
    row.log_loss = -std::log(std::clamp(p[labels[r]], k_clip, 1.0 - k_clip));
    rows.push_back(row);
  }
  return rows;
}

TopLabelCalibration top_label_calibration(std::span<const LabelPrediction> rows, std::span<const std::uint32_t> labels,
                                          std::span<const UserKey> keys, std::uint64_t seed) {
  std::vector<double> confidence;
  std::vector<std::uint8_t> right;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    confidence.push_back(rows[r].confidence);
    right.push_back(rows[r].predicted == labels[r] ? 1 : 0);
  }
  return {calibration_error(confidence, right), calibration_error_null(confidence, keys, seed)};
}

LabelBootstrap::LabelBootstrap(std::span<const UserKey> keys, std::span<const std::uint32_t> labels,
                               std::size_t classes, std::span<const std::vector<LabelPrediction>> predictions,
                               const BootstrapOptions& options)
    : options_(options), rows_(labels.size()), means_(k_means * predictions.size(), options) {
  for (const std::vector<LabelPrediction>& of_classifier : predictions) {
    if (of_classifier.size() == rows_ && keys.size() == rows_) continue;
    throw DataError(fmt::format("{} predictions and {} keys for {} rows", of_classifier.size(), keys.size(), rows_));
  }
  std::vector<double> values(k_means * predictions.size());
  for (std::size_t r = 0; r < rows_; ++r) {
    for (std::size_t p = 0; p < predictions.size(); ++p) {
      const LabelPrediction& row = predictions[p][r];
      double* of_classifier = values.data() + k_means * p;
      of_classifier[k_accuracy] = row.predicted == labels[r] ? 1.0 : 0.0;
      of_classifier[k_log_loss] = row.log_loss;
      of_classifier[k_brier] = row.brier;
      of_classifier[k_confidence] = row.confidence;
    }
    means_.add(keys[r], values);
  }
  count_macro(keys, labels, classes, predictions);
}

void LabelBootstrap::count_macro(std::span<const UserKey> keys, std::span<const std::uint32_t> labels,
                                 std::size_t classes, std::span<const std::vector<LabelPrediction>> predictions) {
  const std::size_t columns = options_.replicates + 1;
  const KeyedRandom random(options_.seed, Purpose::bootstrap);
  std::vector<std::uint8_t> weights(options_.replicates);
  Counts actual(classes, columns);
  std::vector<Counts> hits(predictions.size(), actual), predicted(predictions.size(), actual);
  for (std::size_t r = 0; r < rows_; ++r) {
    fill_bootstrap_weights(random, keys[r], weights);
    actual.add(labels[r], weights);
    for (std::size_t p = 0; p < predictions.size(); ++p) {
      const std::uint32_t said = predictions[p][r].predicted;
      predicted[p].add(said, weights);
      if (said == labels[r]) hits[p].add(said, weights);
    }
  }
  for (std::size_t p = 0; p < predictions.size(); ++p) {
    std::array<std::vector<double>, k_macros> found;
    for (std::size_t column = 0; column < columns; ++column) {
      std::array<double, k_macros> sums{};
      for (std::size_t c = 0; c < classes; ++c) {
        const double hit = hits[p].at(c, column), said = predicted[p].at(c, column), is = actual.at(c, column);
        sums[0] += part_of(hit, said);
        sums[1] += part_of(hit, is);
        sums[2] += part_of(2.0 * hit, said + is);
      }
      for (std::size_t m = 0; m < k_macros; ++m) found[m].push_back(sums[m] / static_cast<double>(classes));
    }
    for (std::vector<double>& values : found) {
      const double value = values.back();
      values.pop_back();
      macros_.push_back({value, std::move(values)});
    }
  }
}

const LabelBootstrap::Macro& LabelBootstrap::macro(std::size_t classifier, LabelScore score) const {
  const std::size_t which = score == LabelScore::macro_precision ? 0 : score == LabelScore::macro_recall ? 1 : 2;
  return macros_[k_macros * classifier + which];
}

Estimate LabelBootstrap::score(std::size_t classifier, LabelScore score) const {
  if (is_macro(score)) {
    const Macro& found = macro(classifier, score);
    return estimate_of(found.value, found.replicates, rows_, options_);
  }
  const std::size_t first = k_means * classifier;
  if (score == LabelScore::confidence_gap) return means_.difference(first + k_confidence, first + k_accuracy);
  return means_.mean(first + mean_column(score));
}

Estimate LabelBootstrap::difference(std::size_t a, std::size_t b, LabelScore score) const {
  if (is_macro(score)) {
    const Macro &first = macro(a, score), &second = macro(b, score);
    std::vector<double> replicates(first.replicates);
    for (std::size_t r = 0; r < replicates.size(); ++r) replicates[r] -= second.replicates[r];
    return estimate_of(first.value - second.value, std::move(replicates), rows_, options_);
  }
  const std::size_t mine = k_means * a, theirs = k_means * b;
  if (score == LabelScore::confidence_gap) {
    std::vector<double> coefficients(k_means * (macros_.size() / k_macros), 0.0);
    coefficients[mine + k_confidence] += 1.0;
    coefficients[mine + k_accuracy] -= 1.0;
    coefficients[theirs + k_confidence] -= 1.0;
    coefficients[theirs + k_accuracy] += 1.0;
    return means_.contrast(coefficients);
  }
  return means_.difference(mine + mean_column(score), theirs + mean_column(score));
}

}  // namespace coldframe
