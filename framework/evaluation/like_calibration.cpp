#include "framework/evaluation/like_calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace coldframe {
namespace {

constexpr double k_ridge = 1e-6;          // against 10^5 pairs: nothing
constexpr std::size_t k_null_draws = 10;  // of 10^5 pairs: their mean varies little

std::vector<double> chosen_features(const LikePairs& pairs, std::span<const std::size_t> features) {
  std::vector<double> chosen;
  chosen.reserve(pairs.size() * features.size());
  for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
    for (const std::size_t feature : features) chosen.push_back(pairs.features[pair * pairs.width + feature]);
  }
  return chosen;
}

}  // namespace

std::optional<LogisticModel> fit_like_head(const LikePairs& pairs, std::span<const std::size_t> features) {
  const auto likes = std::ranges::count(pairs.likes, 1);
  if (likes == 0 || likes == static_cast<std::ptrdiff_t>(pairs.size())) return std::nullopt;
  return fit_logistic(chosen_features(pairs, features), pairs.likes, k_ridge);
}

std::vector<double> like_probabilities(const LikePairs& pairs, std::span<const std::size_t> features,
                                       const LogisticModel& head) {
  const std::vector<double> chosen = chosen_features(pairs, features);
  std::vector<double> p;
  p.reserve(pairs.size());
  for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
    const double score = head.score(std::span(chosen).subspan(pair * features.size(), features.size()));
    p.push_back(1.0 / (1.0 + std::exp(-score)));
  }
  return p;
}

LikeCalibration like_calibration(const LikePairs& pairs, std::span<const double> p, std::uint64_t seed) {
  LikeCalibration found;
  found.error = calibration_error(p, pairs.likes);
  found.null_error = calibration_error_null(p, pairs.pairs, seed, k_null_draws);
  found.line = calibration_line(p, pairs.likes);
  for (std::size_t user = 0, begin = 0; user < pairs.users.size(); begin = pairs.ends[user++]) {
    const std::size_t count = pairs.ends[user] - begin;
    const std::span<const double> of = p.subspan(begin, count);
    const std::span<const std::uint8_t> likes = std::span(pairs.likes).subspan(begin, count);
    found.log_loss.push_back(log_loss(of, likes));
    found.brier.push_back(brier_score(of, likes));
    found.expected.push_back(std::accumulate(of.begin(), of.end(), 0.0));
    found.likes.push_back(static_cast<double>(std::ranges::count(likes, 1)));
  }
  return found;
}

}  // namespace coldframe
