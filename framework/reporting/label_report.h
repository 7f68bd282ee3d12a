#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/label_scores.h"
#include "framework/evaluation/verdict.h"

namespace coldframe {

/// A classifier on the vectors of one encoder, before the texts of the test.
struct LabelClassifier {
  std::string name;      // of the encoder
  std::string kind;      // "linear", "centroid"; "floor" without an encoder
  bool trained = false;  // the encoder is that of a run
  std::vector<LabelPrediction> rows;
  std::optional<double> ridge;        // of a linear head, chosen on role V
  std::optional<double> temperature;  // fitted on role V
};

struct LabelInput {
  std::string task;                  // "test.csv, column category"
  std::vector<std::string> classes;  // by number
  std::size_t trained = 0;           // texts of roles T and V
  std::size_t validated = 0;
  std::vector<UserKey> texts;         // of the test; equal texts have one key
  std::vector<std::uint32_t> labels;  // of the test
  std::vector<LabelClassifier> classifiers;
  std::vector<std::string> limits;  // that the caller knows of
};

/// Tables `classify` (accuracy, macro precision, recall and F1, log loss, Brier score, calibration of the top label),
/// `classify-differences` (each encoder minus the first one with the same kind of head, paired by text, with a verdict
/// on accuracy) and `classify-classes` (precision and recall of every class, and what it is taken for), in the form of
/// report.h, with `limits`. DataError when predictions do not fit the texts.
nlohmann::json label_report(const LabelInput& input, const VerdictRules& rules);

/// The first two tables whole, of every linear head the classes with the lowest F1.
std::string label_report_text(const nlohmann::json& report);

}  // namespace coldframe
