#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/labelled_texts.h"
#include "framework/reporting/label_report.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// The frequencies of the classes in role T, the same for every text: what a classifier has to beat.
LabelClassifier class_frequencies(const LabelTask& task);

/// Heads on vectors that stay as they are. vectors [texts of the task, D] float32.
class LabelTrial {
 public:
  /// `ridges` are tried from the largest on. Borrows everything.
  LabelTrial(const LabelTask& task, std::span<const double> ridges, LanePool& pool)
      : task_(task), ridges_(ridges.begin(), ridges.end()), pool_(pool) {}

  /// A multinomial logistic regression and the nearest mean of a class by cosine. Both are fitted on role T; ridge and
  /// temperature are those with the lowest log loss on role V. `limits` is told what a reader has to know.
  std::vector<LabelClassifier> run(const std::string& name, bool trained, std::span<const float> vectors,
                                   std::vector<std::string>& limits) const;

 private:
  struct Rows;
  LabelClassifier linear(const std::string& name, const Rows& rows, std::vector<std::string>& limits) const;
  LabelClassifier centroid(const std::string& name, const Rows& rows, std::vector<std::string>& limits) const;
  /// Probabilities of the test from scores of V and H.
  void finish(LabelClassifier& classifier, std::span<const double> of_validation, std::vector<double> of_test,
              std::vector<std::string>& limits) const;

  const LabelTask& task_;
  std::vector<double> ridges_;
  LanePool& pool_;
};

}  // namespace coldframe
