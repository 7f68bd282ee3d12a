#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/calibration.h"
#include "framework/evaluation/logistic_regression.h"

namespace coldframe {

// Legend: U newcomers, P pairs of a newcomer and a candidate item, F features of a pair.

/// Pairs of newcomers and items, newcomer after newcomer: what a ranking knows of a pair, and whether the newcomer
/// likes the item later.
struct LikePairs {
  std::vector<UserKey> users;             // [U]
  std::vector<std::size_t> ends;          // [U] the first pair behind each newcomer's
  std::size_t width = 0;                  // F
  std::vector<double> features;           // [P, F]
  std::vector<std::uint8_t> likes;        // [P] 1: a target
  std::vector<UserKey> pairs;             // [P] names a pair in random draws
  std::vector<std::uint32_t> items = {};  // [P] the candidate; may be empty where nobody asks

  std::size_t size() const { return likes.size(); }
};

/// Logistic scaling of scores to probabilities of a like (Platt, "Probabilistic outputs for support vector machines",
/// 1999, with any number of scores): no penalty worth speaking of. Fitted on pairs of role V. Empty where it has no
/// maximum: no pair is liked, or every one.
std::optional<LogisticModel> fit_like_head(const LikePairs& pairs, std::span<const std::size_t> features);

/// Probabilities of all pairs by some of their features. [P]
std::vector<double> like_probabilities(const LikePairs& pairs, std::span<const std::size_t> features,
                                       const LogisticModel& head);

/// How far probabilities of likes are to be believed: per newcomer (of each the mean over the candidates, so that means
/// over newcomers have intervals), and over all pairs together.
struct LikeCalibration {
  std::vector<double> log_loss;  // [U]
  std::vector<double> brier;     // [U]
  std::vector<double> expected;  // [U] sum of the probabilities
  std::vector<double> likes;     // [U] number of likes
  CalibrationError error;        // 15 bins of equal mass
  double null_error = 0.0;       // the ECE of perfect calibration with so many independent pairs
  std::optional<CalibrationLine> line;
};

/// p [P]. DataError when they do not fit the pairs, NumericError for what is no probability.
LikeCalibration like_calibration(const LikePairs& pairs, std::span<const double> p, std::uint64_t seed);

}  // namespace coldframe
