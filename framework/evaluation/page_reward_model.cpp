#include "framework/evaluation/page_reward_model.h"

#include <numeric>

#include "framework/core/hash.h"

namespace coldframe {

PageRewardModel::PageRewardModel(std::size_t items, double pseudo_impressions)
    : pseudo_impressions_(pseudo_impressions), reward_(items, 0.0) {}

void PageRewardModel::add(std::span<const ItemId> items, std::span<const double> rewards) {
  for (std::size_t k = 0; k < items.size(); ++k) {
    if (seen_at_.size() <= k) {
      seen_at_.emplace_back(reward_.size(), 0.0);
      reward_at_.push_back(0.0);
    }
    seen_at_[k][items[k].value()] += 1.0;
    reward_at_[k] += rewards[k];
    reward_[items[k].value()] += rewards[k];
  }
}

void PageRewardModel::finish() {
  double all = 0, impressions = 0;
  std::vector<double> seen;
  for (std::size_t k = 0; k < seen_at_.size(); ++k) {
    seen.push_back(std::accumulate(seen_at_[k].begin(), seen_at_[k].end(), 0.0));
    impressions += seen.back();
    all += reward_at_[k];
  }
  const double mean = impressions > 0 ? all / impressions : 0.0;
  position_.clear();
  for (std::size_t k = 0; k < seen.size(); ++k) {
    position_.push_back(mean > 0 && seen[k] > 0 ? reward_at_[k] / seen[k] / mean : 1.0);
  }
  rate_.assign(reward_.size(), mean);
  for (std::size_t i = 0; i < reward_.size(); ++i) {
    double looked_at = 0;
    for (std::size_t k = 0; k < seen_at_.size(); ++k) looked_at += position_[k] * seen_at_[k][i];
    rate_[i] = (reward_[i] + pseudo_impressions_ * mean) / (looked_at + pseudo_impressions_);
  }
}

double PageRewardModel::predict(std::span<const ItemId> items) const {
  double sum = 0;
  for (std::size_t k = 0; k < items.size(); ++k) {
    sum += (k < position_.size() ? position_[k] : 0.0) * rate_[items[k].value()];
  }
  return sum;
}

CrossFittedRewardModel::CrossFittedRewardModel(std::size_t items, std::size_t folds)
    : without_(folds, PageRewardModel(items)) {}

std::size_t CrossFittedRewardModel::fold_of(UserKey user) const {
  return combine_hash(user.value(), 0xF01D) % without_.size();
}

void CrossFittedRewardModel::add(UserKey user, std::span<const ItemId> items, std::span<const double> rewards) {
  for (std::size_t fold = 0; fold < without_.size(); ++fold) {
    if (fold != fold_of(user)) without_[fold].add(items, rewards);
  }
}

void CrossFittedRewardModel::finish() {
  for (PageRewardModel& model : without_) model.finish();
}

double CrossFittedRewardModel::predict(UserKey user, std::span<const ItemId> items) const {
  return without_[fold_of(user)].predict(items);
}

}  // namespace coldframe
