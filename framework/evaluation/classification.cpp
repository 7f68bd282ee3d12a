#include "framework/evaluation/classification.h"

#include <fmt/format.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

double ratio(double part, double whole, std::size_t& undefined) {
  if (whole == 0.0) {
    ++undefined;
    return 0.0;
  }
  return part / whole;
}

PrecisionRecall scores_of(const ClassCounts& counts, std::size_t& undefined) {
  const auto hits = static_cast<double>(counts.true_positives);
  const auto predicted = static_cast<double>(counts.predicted), actual = static_cast<double>(counts.actual);
  return {ratio(hits, predicted, undefined), ratio(hits, actual, undefined),
          ratio(2.0 * hits, predicted + actual, undefined)};
}

}  // namespace

ClassificationScores classification_scores(std::span<const std::uint32_t> actual,
                                           std::span<const std::uint32_t> predicted, std::size_t classes) {
  if (actual.size() != predicted.size() || actual.empty()) {
    throw DataError(fmt::format("{} predictions for {} rows", predicted.size(), actual.size()),
                    "every row needs one prediction, and there must be rows");
  }
  std::vector<ClassCounts> counts(classes);
  ClassCounts all;
  for (std::size_t row = 0; row < actual.size(); ++row) {
    if (actual[row] >= classes || predicted[row] >= classes) {
      throw DataError(fmt::format("row {} holds class {}", row, std::max(actual[row], predicted[row])),
                      fmt::format("there are {} classes", classes));
    }
    const bool right = actual[row] == predicted[row];
    ++counts[actual[row]].actual;
    ++counts[predicted[row]].predicted;
    counts[actual[row]].true_positives += right ? 1 : 0;
    all.true_positives += right ? 1 : 0;
  }
  all.actual = all.predicted = actual.size();
  ClassificationScores scores;
  scores.rows = actual.size();
  std::size_t never = 0;
  scores.micro = scores_of(all, never);
  scores.accuracy = scores.micro.precision;
  for (const ClassCounts& one : counts) {
    scores.classes.push_back(scores_of(one, scores.undefined));
    scores.macro.precision += scores.classes.back().precision / static_cast<double>(classes);
    scores.macro.recall += scores.classes.back().recall / static_cast<double>(classes);
    scores.macro.f1 += scores.classes.back().f1 / static_cast<double>(classes);
  }
  return scores;
}

}  // namespace coldframe
