#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace coldframe {

/// What a model's scores are. Unfairness in the size of an error means something only where a score is a prediction of
/// the rating or click probability itself (a head calibrated on role V); cosines have no such unit.
enum class ScoreScale { calibrated, uncalibrated };

/// One predicted rating of one user for one item.
struct RatedPair {
  std::uint32_t item = 0;
  std::uint8_t in_group = 0;  // 1: the user belongs to the group, 0: to the rest
  double predicted = 0.0;
  double rating = 0.0;
};

/// Unfairness of rating predictions between a group and the rest (Yao and Huang, NeurIPS 2017). Per item j with raters
/// of both, y_g and r_g means of prediction and rating over the group's raters, ~g over the rest:
///   value    = mean_j |(y_g - r_g) - (y_~g - r_~g)|        absolute = mean_j ||y_g - r_g| - |y_~g - r_~g||
///   under    = mean_j |max(0, r_g - y_g) - max(0, r_~g - y_~g)|   over: with y - r
///   non_parity = |E_g y - E_~g y| over all pairs.
struct RatingUnfairness {
  double value = 0.0;
  double absolute = 0.0;
  double under = 0.0;
  double over = 0.0;
  double non_parity = 0.0;
  std::size_t items = 0;  // that raters of both groups have
  std::size_t items_left_out = 0;
};

/// Empty ("n/a") for scores that are not calibrated, and when no item has raters of both groups. The order of pairs
/// changes nothing.
std::optional<RatingUnfairness> rating_unfairness(std::span<const RatedPair> pairs, ScoreScale scale);

}  // namespace coldframe
