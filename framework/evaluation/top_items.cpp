#include "framework/evaluation/top_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {

void expect_no_nan(UserKey user, std::span<const float> scores) {
  bool any = false;
  for (const float score : scores) any |= score != score;
  if (!any) return;
  const auto at = std::find_if(scores.begin(), scores.end(), [](float score) { return std::isnan(score); });
  throw NumericError(fmt::format("score of item {} for user {:016x} is NaN", at - scores.begin(), user.value()),
                     "a ranking needs a number for every item", "look for a division by zero or a diverged run");
}

TopItems::TopItems(std::size_t items, TieBreak ties) : ties_(std::move(ties)), is_masked_(items, 0) {
  if (ties_.keys() != 0 && ties_.keys() != items) {
    throw ConfigError(fmt::format("{} item keys for {} items", ties_.keys(), items), "every item needs its own key");
  }
}

bool TopItems::before(const Entry& a, const Entry& b) {
  if (a.score != b.score) return a.score > b.score;
  if (a.order != b.order) return a.order < b.order;
  return a.item < b.item;
}

void TopItems::scan(UserKey user, std::span<const float> scores, std::size_t k) {
  heap_.clear();
  if (k == 0) return;
  for (std::uint32_t row = 0; row < scores.size(); ++row) {
    if (heap_.size() == k && scores[row] < heap_.front().score) continue;
    if (is_masked_[row]) continue;
    const Entry entry{scores[row], ties_.order(user, ItemId(row)), ItemId(row)};
    if (heap_.size() == k) {
      if (!before(entry, heap_.front())) continue;
      std::pop_heap(heap_.begin(), heap_.end(), before);
      heap_.pop_back();
    }
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), before);
  }
}

std::span<const ItemId> TopItems::select(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                                         std::size_t k) {
  if (scores.size() != items()) {
    throw DataError(fmt::format("{} scores for {} items", scores.size(), items()), "one score per item is needed");
  }
  expect_no_nan(user, scores);
  for (const ItemId item : masked) {
    if (item.value() >= items()) {
      throw DataError(fmt::format("masked item {} of user {:016x}", item.value(), user.value()),
                      fmt::format("the catalogue has {} items", items()));
    }
  }
  for (const ItemId item : masked) is_masked_[item.value()] = 1;
  scan(user, scores, k);
  for (const ItemId item : masked) is_masked_[item.value()] = 0;
  std::sort(heap_.begin(), heap_.end(), before);
  top_.clear();
  for (const Entry& entry : heap_) top_.push_back(entry.item);
  return top_;
}

}  // namespace coldframe
