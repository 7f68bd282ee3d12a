#include "framework/evaluation/auc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {

std::optional<double> auc(std::span<const float> scores, std::span<const std::uint8_t> labels) {
  if (scores.size() != labels.size()) {
    throw DataError(fmt::format("{} scores for {} labels", scores.size(), labels.size()), "each row needs both");
  }
  const auto nan = std::find_if(scores.begin(), scores.end(), [](float score) { return std::isnan(score); });
  if (nan != scores.end()) {
    throw NumericError(fmt::format("score {} is NaN", nan - scores.begin()), "the AUC needs a number for every row");
  }
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });

  std::uint64_t negatives_below = 0;
  std::uint64_t positives = 0;
  std::uint64_t twice_won = 0;  // counts halves, so that the sum is exact
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    std::uint64_t tied[2] = {0, 0};
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++tied[labels[order[end++]] ? 1 : 0];
    twice_won += tied[1] * (2 * negatives_below + tied[0]);
    negatives_below += tied[0];
    positives += tied[1];
    begin = end;
  }
  if (positives == 0 || negatives_below == 0) return std::nullopt;
  return 0.5 * static_cast<double>(twice_won) / (static_cast<double>(positives) * static_cast<double>(negatives_below));
}

std::optional<double> GroupedAuc::add_user(std::span<const float> scores, std::span<const std::uint8_t> labels) {
  const std::optional<double> area = auc(scores, labels);
  if (!area) {
    ++left_out_;
    return area;
  }
  const auto positives =
      static_cast<double>(std::count_if(labels.begin(), labels.end(), [](std::uint8_t label) { return label != 0; }));
  weighted_ += positives * *area;
  weight_ += positives;
  ++users_;
  return area;
}

std::optional<double> GroupedAuc::value() const {
  if (users_ == 0) return std::nullopt;
  return weighted_ / weight_;
}

}  // namespace coldframe
