#include "framework/data/likes.h"

#include <unordered_set>

namespace coldframe {

Likes::Likes(const Dataset& dataset, const LikeOptions& options)
    : item_count_(dataset.items.size()), timed_(dataset.interactions.timed()) {
  const Interactions& all = dataset.interactions;
  offsets_.reserve(dataset.users.size() + 1);
  offsets_.push_back(0);
  std::unordered_set<ItemId> seen;
  std::size_t row = 0;
  for (std::uint32_t user = 0; user < dataset.users.size(); ++user) {
    seen.clear();
    for (; row < all.size() && all.user[row].value() == user; ++row) {
      if (!all.implicit() && static_cast<double>(all.rating[row]) < options.threshold) continue;
      if (!seen.insert(all.item[row]).second) continue;
      items_.push_back(all.item[row]);
      if (timed_) times_.push_back(all.timestamp[row]);
    }
    offsets_.push_back(items_.size());
  }
}

std::span<const ItemId> Likes::of(UserId user) const {
  const std::size_t first = offsets_[user.value()];
  return std::span(items_).subspan(first, offsets_[user.value() + 1] - first);
}

std::span<const std::int64_t> Likes::times_of(UserId user) const {
  if (!timed_) return {};
  const std::size_t first = offsets_[user.value()];
  return std::span(times_).subspan(first, offsets_[user.value() + 1] - first);
}

Likes Likes::only(const std::vector<bool>& among) const {
  Likes some;
  some.item_count_ = item_count_;
  some.timed_ = timed_;
  some.offsets_.push_back(0);
  for (std::size_t user = 0; user < user_count(); ++user) {
    for (std::size_t row = offsets_[user]; row < offsets_[user + 1]; ++row) {
      if (!among[items_[row].value()]) continue;
      some.items_.push_back(items_[row]);
      if (timed_) some.times_.push_back(times_[row]);
    }
    some.offsets_.push_back(some.items_.size());
  }
  return some;
}

std::vector<std::uint32_t> Likes::count_by_item(std::span<const UserId> users) const {
  std::vector<std::uint32_t> counts(item_count_, 0);
  for (const UserId user : users) {
    for (const ItemId item : of(user)) ++counts[item.value()];
  }
  return counts;
}

}  // namespace coldframe
