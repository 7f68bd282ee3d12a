#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/simulation/user_model.h"

namespace coldframe {

/// A page some of whose places are sold, and the ads that may stand there. L places, M of them sold, N >= M ads.
struct AdPage {
  std::span<const std::size_t> sold;  // [M] places from 0, ascending, below L
  std::span<const double> organic;    // [L - M] utilities of the other places, in display order
  std::span<const double> utilities;  // [N] of the ads
  std::span<const double> prices;     // [N] per click
  double click_value = 0;             // of a click on anything
};

/// What users are expected to do on a page with ads.
struct AdOutcome {
  double revenue = 0;
  double clicks = 0;  // on anything
};

/// ads [M]: which one stands on every sold place.
AdOutcome ad_outcome(const UserModel& model, const AdPage& page, std::span<const std::size_t> ads);

struct AdLayout {
  std::vector<std::size_t> ads;  // [M] for the sold places from the top
  SlateOptimality optimality = SlateOptimality::exact;
};

/// The layout with the largest expected revenue + click_value clicks, under these utilities. Earlier ads win ties.
/// - independent places: the M largest weight (price + value), the largest where users look most: exact;
/// - one choice from the page: a ratio of sums, (A + sum w (p + c)) / (B + sum w) over M ads, by Dinkelbach's method
///   ("On nonlinear fractional programming", Management Science 13, 1967), in any order: exact;
/// - read from the top: the value of a page is V_k = w_k r_k + pass_k V_{k+1}, which never falls when what stands below
///   gets better; so from the bottom up only the best 1 + (sold places above) unused ads of each place can be part of a
///   best layout, and trying them is exact. Up to k_most_tried places;
/// - else all layouts when there are at most k_most_layouts of them: exact;
/// - else from a start place by place, the best other ad or exchange as long as one helps: greedy.
AdLayout best_ads(const UserModel& model, const AdPage& page);

inline constexpr std::size_t k_most_tried = 6;
inline constexpr std::size_t k_most_layouts = 20000;

}  // namespace coldframe
