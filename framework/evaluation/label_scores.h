#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/calibration.h"
#include "framework/evaluation/classification.h"

namespace coldframe {

// Legend: N rows, C classes, B replicates.

/// What a classifier said of one row whose class is known.
struct LabelPrediction {
  std::uint32_t predicted = 0;  // the most probable class, of several the first
  double confidence = 0.0;      // its probability
  double log_loss = 0.0;        // -ln P(class), P clipped to [1e-15, 1 - 1e-15]
  double brier = 0.0;           // sum_c (P(c) - 1[c is the class])^2 (Brier 1950); of two classes twice the binary one
};

/// probabilities [N, C], labels [N] below C. DataError when they do not fit, NumericError for what is no probability.
std::vector<LabelPrediction> label_predictions(std::span<const double> probabilities,
                                               std::span<const std::uint32_t> labels);

/// Top-label calibration: the confidence of every row against whether it was right. `keys`: one per row.
struct TopLabelCalibration {
  CalibrationError error;   // 15 bins of equal mass
  double null_error = 0.0;  // the ECE that perfect calibration shows with so many rows
};
TopLabelCalibration top_label_calibration(std::span<const LabelPrediction> rows, std::span<const std::uint32_t> labels,
                                          std::span<const UserKey> keys, std::uint64_t seed);

/// Accuracy is also micro precision, recall and F1 where every row has one label. Confidence gap: mean confidence minus
/// accuracy.
enum class LabelScore { accuracy, macro_precision, macro_recall, macro_f1, log_loss, brier, confidence_gap };
constexpr std::size_t k_label_scores = 7;

/// Scores of several classifiers over the same rows, with rows resampled together: rows of one key (one text) count as
/// one unit, as PairedBootstrap draws them. A macro score of a replicate is that of its counts: 0/0 is 0 in it too.
/// Memory: C x B counts, twice for every classifier. Thread-safety: one caller.
class LabelBootstrap {
 public:
  /// keys and labels [N]; predictions [classifiers][N]. DataError when they do not fit.
  LabelBootstrap(std::span<const UserKey> keys, std::span<const std::uint32_t> labels, std::size_t classes,
                 std::span<const std::vector<LabelPrediction>> predictions, const BootstrapOptions& options);

  Estimate score(std::size_t classifier, LabelScore score) const;
  /// a - b, paired by row.
  Estimate difference(std::size_t a, std::size_t b, LabelScore score) const;

 private:
  struct Macro {
    double value = 0.0;
    std::vector<double> replicates;  // [B]
  };
  void count_macro(std::span<const UserKey> keys, std::span<const std::uint32_t> labels, std::size_t classes,
                   std::span<const std::vector<LabelPrediction>> predictions);
  const Macro& macro(std::size_t classifier, LabelScore score) const;

  BootstrapOptions options_;
  std::size_t rows_;
  PairedBootstrap means_;      // accuracy, log loss, Brier, confidence of every classifier
  std::vector<Macro> macros_;  // precision, recall, F1 of every classifier
};

}  // namespace coldframe
