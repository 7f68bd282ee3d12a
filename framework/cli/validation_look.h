#pragma once

#include <array>
#include <string>

#include "framework/cli/newcomer_vectors.h"
#include "framework/training/trainer.h"

namespace coldframe {

/// A look at role V during training: NDCG@10 (the score that early stopping goes by) and Recall@20 at k = 0 by the
/// score that the loss trains (the pure text score unless it has an item prior), over the users and targets that `evaluation.masked` leaves, beside popularity on the same ones. Borrows
/// everything.
class ValidationLook {
 public:
  /// DataError when role V holds nobody who can be tested: there would be nothing to stop early on.
  ValidationLook(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts);

  /// Collective.
  Validation operator()(const BulkEncoder& encoder, const ScoreRule& rule) const;

 private:
  NewcomerTable table(NewcomerScorer& scorer) const;

  const Experiment& experiment_;
  const ExperimentData& data_;
  const TokenizedTexts& texts_;
  NewcomerSet users_;
  std::vector<float> prior_;            // [items]
  std::array<double, 2> popularity_{};  // of role T, by the two metrics
};

/// "role V: ndcg@10 0.2331, users 94, recall@20 0.0912, popularity.ndcg@10 0.281, popularity.recall@20 0.1105"
std::string validation_text(const Validation& found);

}  // namespace coldframe
