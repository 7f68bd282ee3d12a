#include "framework/evaluation/two_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/evaluation/auc.h"
#include "framework/evaluation/logistic_regression.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

/// Folds of nearly equal size, by the order of a hash of the units: a function of who they are alone.
std::vector<std::size_t> folds_of(const TwoSamples& samples, std::size_t folds) {
  std::map<std::uint64_t, std::size_t> fold;  // by hash
  for (const UserKey unit : samples.units) fold.emplace(combine_hash(unit.value(), 0xC257), 0);
  if (fold.size() < folds) {
    throw DataError(fmt::format("two samples of {} units", fold.size()),
                    fmt::format("too few to be cross-fitted in {} folds", folds), "compare more people");
  }
  std::size_t place = 0;
  for (auto& [hash, number] : fold) number = place++ % folds;
  std::vector<std::size_t> out;
  for (const UserKey unit : samples.units) out.push_back(fold.at(combine_hash(unit.value(), 0xC257)));
  return out;
}

/// Score of every row by the fit to the other folds.
std::vector<double> cross_fitted_scores(const TwoSamples& samples, std::span<const std::size_t> fold,
                                        const ClassifierOptions& options) {
  const std::size_t rows = samples.labels.size(), width = samples.width;
  std::vector<double> scores(rows);
  for (std::size_t f = 0; f < options.folds; ++f) {
    std::vector<double> features;
    std::vector<std::uint8_t> labels;
    for (std::size_t r = 0; r < rows; ++r) {
      if (fold[r] == f) continue;
      const auto row = samples.features.begin() + static_cast<std::ptrdiff_t>(r * width);
      features.insert(features.end(), row, row + static_cast<std::ptrdiff_t>(width));
      labels.push_back(samples.labels[r]);
    }
    const LogisticModel model = fit_logistic(features, labels, options.ridge);
    for (std::size_t r = 0; r < rows; ++r) {
      if (fold[r] == f) scores[r] = model.score(std::span(samples.features).subspan(r * width, width));
    }
  }
  return scores;
}

/// Concordant pairs (half for ties) and all pairs within folds, under weights of rows.
class FoldedAuc {
 public:
  FoldedAuc(std::span<const double> scores, std::span<const std::uint8_t> labels, std::span<const std::size_t> fold)
      : scores_(scores), labels_(labels), fold_(fold), order_(scores.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      if (fold_[a] != fold_[b]) return fold_[a] < fold_[b];
      return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : a < b;
    });
  }

  /// NaN when no fold holds both samples.
  double under(std::span<const double> weights) const {
    double concordant = 0, pairs = 0;
    for (std::size_t begin = 0; begin < order_.size();) {
      double below = 0, positives = 0, won = 0;
      std::size_t at = begin;
      while (at < order_.size() && fold_[order_[at]] == fold_[order_[begin]]) {
        double tied_negatives = 0, tied_positives = 0;
        const std::size_t first = order_[at];
        for (; at < order_.size() && fold_[order_[at]] == fold_[first] && scores_[order_[at]] == scores_[first]; ++at) {
          (labels_[order_[at]] != 0 ? tied_positives : tied_negatives) += weights[order_[at]];
        }
        won += tied_positives * (below + 0.5 * tied_negatives);
        below += tied_negatives;
        positives += tied_positives;
      }
      concordant += won;
      pairs += positives * below;
      begin = at;
    }
    return pairs > 0 ? concordant / pairs : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  std::span<const double> scores_;
  std::span<const std::uint8_t> labels_;
  std::span<const std::size_t> fold_;
  std::vector<std::size_t> order_;  // by fold, then score
};

Estimate with_interval(const TwoSamples& samples, const FoldedAuc& auc, const BootstrapOptions& options) {
  const std::size_t rows = samples.labels.size();
  const KeyedRandom random(options.seed, Purpose::bootstrap);
  std::vector<std::vector<std::uint8_t>> drawn(rows, std::vector<std::uint8_t>(options.replicates));
  for (std::size_t r = 0; r < rows; ++r) fill_bootstrap_weights(random, samples.units[r], drawn[r]);
  std::vector<double> weights(rows, 1.0), replicates;
  Estimate estimate;
  estimate.value = auc.under(weights);
  estimate.users = rows;
  for (std::size_t b = 0; b < options.replicates; ++b) {
    for (std::size_t r = 0; r < rows; ++r) weights[r] = drawn[r][b];
    const double value = auc.under(weights);
    if (std::isfinite(value)) replicates.push_back(value);
  }
  estimate.undefined_replicates = options.replicates - replicates.size();
  const double tail = 0.5 * (1.0 - options.level);
  if (!std::isfinite(estimate.value) ||
      static_cast<double>(estimate.undefined_replicates) > tail * static_cast<double>(options.replicates)) {
    return estimate;
  }
  std::sort(replicates.begin(), replicates.end());
  estimate.standard_error = std::sqrt(sample_variance(replicates));
  estimate.interval = Interval{sorted_quantile(replicates, tail), sorted_quantile(replicates, 1.0 - tail)};
  return estimate;
}

}  // namespace

void TwoSamples::add(UserKey unit, bool first, std::span<const double> values) {
  if (labels.empty()) width = values.size();
  if (values.size() != width) {
    throw DataError(fmt::format("a row of {} features", values.size()), fmt::format("the rows before have {}", width));
  }
  features.insert(features.end(), values.begin(), values.end());
  labels.push_back(first ? 1 : 0);
  units.push_back(unit);
}

Separation separate(const TwoSamples& samples, const ClassifierOptions& options) {
  const std::vector<std::size_t> fold = folds_of(samples, options.folds);
  const std::vector<double> scores = cross_fitted_scores(samples, fold, options);
  Separation separation;
  separation.auc = with_interval(samples, FoldedAuc(scores, samples.labels, fold), options.bootstrap);
  const auto first = static_cast<double>(std::count(samples.labels.begin(), samples.labels.end(), std::uint8_t{1}));
  const double second = static_cast<double>(samples.labels.size()) - first;
  separation.null_deviation = std::sqrt((first + second + 1.0) / (12.0 * first * second));
  std::vector<float> column(samples.labels.size());
  for (std::size_t f = 0; f < samples.width; ++f) {
    for (std::size_t r = 0; r < column.size(); ++r) {
      column[r] = static_cast<float>(samples.features[r * samples.width + f]);
    }
    separation.alone.push_back(auc(column, samples.labels).value_or(0.5));
  }
  return separation;
}

}  // namespace coldframe
