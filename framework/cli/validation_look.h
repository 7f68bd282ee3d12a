#pragma once

#include "framework/cli/newcomer_vectors.h"
#include "framework/training/trainer.h"

namespace coldframe {

/// A look at role V during training: NDCG@10 at k = 0 by the pure text score, over the users and targets that
/// `evaluation.masked` leaves. Borrows everything.
class ValidationLook {
 public:
  /// DataError when role V holds nobody who can be tested: there would be nothing to stop early on.
  ValidationLook(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts);

  /// Collective.
  Validation operator()(const BulkEncoder& encoder) const;

 private:
  const Experiment& experiment_;
  const ExperimentData& data_;
  const TokenizedTexts& texts_;
  NewcomerSet users_;
};

}  // namespace coldframe
