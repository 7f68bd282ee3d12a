#include "framework/cli/label_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "framework/core/log.h"
#include "framework/evaluation/softmax_head.h"
#include "framework/evaluation/temperature.h"

namespace coldframe {
namespace {

double mean_log_loss(std::span<const LabelPrediction> rows) {
  double sum = 0.0;
  for (const LabelPrediction& row : rows) sum += row.log_loss;
  return sum / static_cast<double>(rows.size());
}

double accuracy(std::span<const LabelPrediction> rows, std::span<const std::uint32_t> labels) {
  double right = 0.0;
  for (std::size_t r = 0; r < rows.size(); ++r) right += rows[r].predicted == labels[r] ? 1.0 : 0.0;
  return right / static_cast<double>(rows.size());
}

/// Cosines of rows with the mean vector of every class, [rows, C]. means [C, D] of unit length.
std::vector<double> cosines(std::span<const float> rows, std::span<const double> means, std::size_t width) {
  const std::size_t classes = means.size() / width;
  std::vector<double> scores;
  for (std::size_t at = 0; at < rows.size(); at += width) {
    double squares = 0.0;
    for (std::size_t d = 0; d < width; ++d) squares += double{rows[at + d]} * double{rows[at + d]};
    for (std::size_t c = 0; c < classes; ++c) {
      double dot = 0.0;
      for (std::size_t d = 0; d < width; ++d) dot += rows[at + d] * means[c * width + d];
      scores.push_back(squares > 0.0 ? dot / std::sqrt(squares) : 0.0);
    }
  }
  return scores;
}

}  // namespace

/// Vectors and classes by role.
struct LabelTrial::Rows {
  std::size_t width;
  std::span<const float> train, validate, test;
  std::span<const std::uint32_t> train_labels, validate_labels, test_labels;

  Rows(const LabelTask& task, std::span<const float> vectors) : width(vectors.size() / task.texts.size()) {
    const std::span<const std::uint32_t> labels(task.labels);
    train = vectors.first(task.trained * width);
    validate = vectors.subspan(task.trained * width, task.validated * width);
    test = vectors.last(task.tested * width);
    train_labels = labels.first(task.trained);
    validate_labels = labels.subspan(task.trained, task.validated);
    test_labels = labels.last(task.tested);
  }
};

LabelClassifier class_frequencies(const LabelTask& task) {
  const std::size_t classes = task.classes.size();
  std::vector<double> shares(classes, 0.0);
  for (std::size_t r = 0; r < task.trained; ++r) shares[task.labels[r]] += 1.0 / static_cast<double>(task.trained);
  std::vector<double> probabilities;
  for (std::size_t r = 0; r < task.tested; ++r) probabilities.insert(probabilities.end(), shares.begin(), shares.end());
  const std::span<const std::uint32_t> labels = std::span(task.labels).last(task.tested);
  return {"class frequencies", "floor", false, label_predictions(probabilities, labels), std::nullopt, std::nullopt};
}

std::vector<LabelClassifier> LabelTrial::run(const std::string& name, bool trained, std::span<const float> vectors,
                                             std::vector<std::string>& limits) const {
  const Rows rows(task_, vectors);
  std::vector<LabelClassifier> found = {linear(name, rows, limits), centroid(name, rows, limits)};
  for (LabelClassifier& classifier : found) classifier.trained = trained;
  return found;
}

LabelClassifier LabelTrial::linear(const std::string& name, const Rows& rows, std::vector<std::string>& limits) const {
  std::vector<double> ridges = ridges_;
  std::ranges::sort(ridges, std::greater());
  SoftmaxFitter fitter(
      rows.train, rows.train_labels, task_.classes.size(),
      [&](std::size_t count, const std::function<void(std::size_t)>& part) { pool_.run(count, part); });
  std::optional<SoftmaxFit> best;
  double best_ridge = 0.0, best_loss = 0.0;
  for (std::size_t at = 0, worse = 0; at < ridges.size() && worse < 2; ++at) {
    SoftmaxFit fit = fitter.fit({.ridge = ridges[at]});
    std::vector<double> scores = fit.head.scores(rows.validate);
    to_probabilities(scores, task_.classes.size(), fit_temperature(scores, rows.validate_labels).value);
    const std::vector<LabelPrediction> said = label_predictions(scores, rows.validate_labels);
    const double loss = mean_log_loss(said);
    log_info("{}: ridge {:g}, {} steps, on role V log loss {:.4f}, accuracy {:.4f}", name, ridges[at], fit.steps, loss,
             accuracy(said, rows.validate_labels));
    if (!fit.converged) log_warning("{}: the head with ridge {:g} was still getting better", name, ridges[at]);
    worse = best && loss >= best_loss ? worse + 1 : 0;
    if (best && loss >= best_loss) continue;
    best = std::move(fit);
    best_ridge = ridges[at];
    best_loss = loss;
  }
  if (ridges.size() > 1 && (best_ridge == ridges.front() || best_ridge == ridges.back())) {
    limits.push_back(fmt::format("{}: the chosen ridge {:g} is at the end of those tried (--ridge)", name, best_ridge));
  }
  LabelClassifier classifier{name, "linear", false, {}, best_ridge, std::nullopt};
  finish(classifier, best->head.scores(rows.validate), best->head.scores(rows.test), limits);
  return classifier;
}

LabelClassifier LabelTrial::centroid(const std::string& name, const Rows& rows,
                                     std::vector<std::string>& limits) const {
  std::vector<double> means(task_.classes.size() * rows.width, 0.0);
  for (std::size_t r = 0; r < task_.trained; ++r) {
    for (std::size_t d = 0; d < rows.width; ++d) {
      means[rows.train_labels[r] * rows.width + d] += rows.train[r * rows.width + d];
    }
  }
  for (std::size_t c = 0; c < task_.classes.size(); ++c) {
    const std::span<double> mean = std::span(means).subspan(c * rows.width, rows.width);
    double squares = 0.0;
    for (const double value : mean) squares += value * value;
    for (double& value : mean) value = squares > 0.0 ? value / std::sqrt(squares) : 0.0;
  }
  LabelClassifier classifier{name, "centroid", false, {}, std::nullopt, std::nullopt};
  finish(classifier, cosines(rows.validate, means, rows.width), cosines(rows.test, means, rows.width), limits);
  return classifier;
}

void LabelTrial::finish(LabelClassifier& classifier, std::span<const double> of_validation, std::vector<double> of_test,
                        std::vector<std::string>& limits) const {
  const std::span<const std::uint32_t> labels(task_.labels);
  const Temperature fitted = fit_temperature(of_validation, labels.subspan(task_.trained, task_.validated));
  classifier.temperature = fitted.value;
  if (fitted.at_bound) {
    limits.push_back(fmt::format("{}, {}: role V sets no temperature (all of it right, or none better than a guess)",
                                 classifier.name, classifier.kind));
  }
  to_probabilities(of_test, task_.classes.size(), fitted.value);
  classifier.rows = label_predictions(of_test, labels.last(task_.tested));
}

}  // namespace coldframe
