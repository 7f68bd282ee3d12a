#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/cli/newcomer_vectors.h"
#include "framework/reporting/calibration_report.h"

namespace coldframe {

/// Turns cosines and log popularity into probabilities of a later like by logistic heads, fitted on role V at all k
/// together, and asks on role H how far they can be believed: the strategy alone, with the item prior, the item prior
/// alone, and the share of liked pairs. Both scorers give pure cosines. Where a k has more than two million pairs, the
/// newcomers with the first keys are asked. `scorers` stays empty where role V has nobody, or no like, to fit on.
CalibrationInput calibrate_likes(const std::string& strategy, const ExperimentData& data,
                                 std::span<const float> log_popularity, std::span<const std::size_t> shots,
                                 EncoderScorer& of_validation, const NewcomerSet& validation, EncoderScorer& of_test,
                                 const NewcomerSet& test, std::uint64_t seed);

}  // namespace coldframe
