#include "framework/evaluation/rating_fairness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

struct Side {
  UserSum predicted;
  UserSum rating;
  double pairs = 0.0;

  void add(const RatedPair& pair) {
    predicted.add(pair.predicted);
    rating.add(pair.rating);
    pairs += 1.0;
  }
  double mean_prediction() const { return predicted.value() / pairs; }
  double error() const { return (predicted.value() - rating.value()) / pairs; }
};

using Sides = std::array<Side, 2>;  // the rest, the group

}  // namespace

std::optional<RatingUnfairness> rating_unfairness(std::span<const RatedPair> pairs, ScoreScale scale) {
  if (scale == ScoreScale::uncalibrated) return std::nullopt;
  std::map<std::uint32_t, Sides> items;
  Sides all;
  for (const RatedPair& pair : pairs) {
    const std::size_t side = pair.in_group != 0 ? 1 : 0;
    items[pair.item][side].add(pair);
    all[side].add(pair);
  }
  RatingUnfairness result;
  for (const auto& [item, sides] : items) {
    if (sides[0].pairs == 0.0 || sides[1].pairs == 0.0) {
      ++result.items_left_out;
      continue;
    }
    ++result.items;
    const double rest = sides[0].error(), group = sides[1].error();
    result.value += std::abs(group - rest);
    result.absolute += std::abs(std::abs(group) - std::abs(rest));
    result.under += std::abs(std::max(0.0, -group) - std::max(0.0, -rest));
    result.over += std::abs(std::max(0.0, group) - std::max(0.0, rest));
  }
  if (result.items == 0) return std::nullopt;
  for (double* sum : {&result.value, &result.absolute, &result.under, &result.over}) {
    *sum /= static_cast<double>(result.items);
  }
  result.non_parity = std::abs(all[1].mean_prediction() - all[0].mean_prediction());
  return result;
}

}  // namespace coldframe
