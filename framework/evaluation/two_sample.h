#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// Rows of two samples that a classifier tries to tell apart. Rows of one unit (a person and the twin) stay together:
/// they are fitted or scored together, and resampled together.
struct TwoSamples {
  std::size_t width = 0;
  std::vector<double> features;      // [rows, width]
  std::vector<std::uint8_t> labels;  // [rows] 1: of the first sample
  std::vector<UserKey> units;        // [rows]

  void add(UserKey unit, bool first, std::span<const double> values);
};

struct ClassifierOptions {
  std::size_t folds = 5;
  double ridge = 1.0;  // of the standardised weights
  BootstrapOptions bootstrap;
};

/// How well two samples are told apart (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR'17): .5
/// says that this classifier cannot, 1 that no row is mistaken.
struct Separation {
  Estimate auc;               // out-of-fold pairs, one of each sample, in the right order
  double null_deviation = 0;  // of the AUC of two samples of one law: sqrt((n1 + n2 + 1) / (12 n1 n2))
  std::vector<double> alone;  // [width] AUC of each feature by itself; below .5: lower in the first sample
};

/// A ridge-penalised logistic regression, cross-fitted over folds of units: a row is scored by the fit that has not
/// seen its unit, and only rows of one fold are compared. The interval resamples units and keeps the fits; no interval
/// where a sample is missing. Throws DataError when there are fewer units than folds.
Separation separate(const TwoSamples& samples, const ClassifierOptions& options = {});

}  // namespace coldframe
