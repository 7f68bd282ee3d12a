#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/cli/learner.h"
#include "framework/cli/stored_run.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {

/// Real texts of a data set: items and profiles of users, evenly over both tables, `most` together.
std::vector<Tokens> texts_to_compare(const ExperimentData& data, const TokenizedTexts& texts, std::size_t most);

/// The largest absolute difference between two tables of vectors of the same texts.
double largest_difference(const EncodedTexts& one, const EncodedTexts& other);

/// A trained run whose strategies are folded into the weights of its encoder, in fp32.
struct FoldedRun {
  std::unique_ptr<Learner> learner;
  std::vector<std::string> left;  // strategies that do not merge and stand beside the encoder as before
  EncodedTexts before;            // vectors of the run as it was trained
  double largest_error = 0;       // of the folded one's
};

/// Compares the vectors of `texts` before and after. ConfigError when nothing of the run merges.
FoldedRun fold(const StoredRun& run, const std::vector<Tokens>& texts, const Group& group, LanePool& pool);

}  // namespace coldframe
