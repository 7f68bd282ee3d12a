#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// A plain model of the reward of a page, for direct and doubly robust estimates: position-based with one number per
/// position and per item, q(slate) = sum_k g_k c_{i_k}, where g_k = rate at position k over the mean rate and
///   c_i = (clicks of i + m c) / (sum over its impressions of g_k + m),  c the mean rate, m pseudo-impressions.
/// Wrong whenever items of a page compete or context matters: that is what doubly robust estimates correct.
class PageRewardModel {
 public:
  PageRewardModel(std::size_t items, double pseudo_impressions = 20.0);

  /// One page with its reward per position; all pages before finish().
  void add(std::span<const ItemId> items, std::span<const double> rewards);
  void finish();
  double predict(std::span<const ItemId> items) const;

 private:
  double pseudo_impressions_;
  std::vector<double> reward_;                // [I]
  std::vector<std::vector<double>> seen_at_;  // [positions][I] impressions
  std::vector<double> reward_at_;             // [positions]
  std::vector<double> position_;              // [positions] g
  std::vector<double> rate_;                  // [I] c
};

/// The same, cross-fitted: users are dealt into folds by their key, and what is predicted for a user was fitted without
/// the fold of that user, so that a page never explains itself.
class CrossFittedRewardModel {
 public:
  CrossFittedRewardModel(std::size_t items, std::size_t folds = 5);

  void add(UserKey user, std::span<const ItemId> items, std::span<const double> rewards);
  void finish();
  double predict(UserKey user, std::span<const ItemId> items) const;

 private:
  std::size_t fold_of(UserKey user) const;
  std::vector<PageRewardModel> without_;  // [folds]
};

}  // namespace coldframe
