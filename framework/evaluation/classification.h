#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coldframe {

/// One class of a confusion matrix.
struct ClassCounts {
  std::uint64_t true_positives = 0;
  std::uint64_t predicted = 0;
  std::uint64_t actual = 0;
};

struct PrecisionRecall {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
};

/// Accuracy, and precision, recall and F1 = 2 TP / (predicted + actual), per class, micro (all rows together) and macro
/// (mean over classes). With one label per row micro precision = recall = F1 = accuracy. 0/0 is 0 and counted.
struct ClassificationScores {
  std::size_t rows = 0;
  double accuracy = 0.0;
  PrecisionRecall micro;
  PrecisionRecall macro;
  std::vector<PrecisionRecall> classes;
  std::size_t undefined = 0;  // precisions, recalls and F1s of classes that were 0/0
};

/// actual, predicted: class of each row, below `classes`. Throws DataError for other lengths and classes. A class in
/// neither column still counts in the macro mean.
ClassificationScores classification_scores(std::span<const std::uint32_t> actual,
                                           std::span<const std::uint32_t> predicted, std::size_t classes);

}  // namespace coldframe
