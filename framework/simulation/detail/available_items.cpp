#include "framework/simulation/detail/available_items.h"

#include <utility>

namespace coldframe::detail {

std::shared_ptr<const AvailableItems::Stretch> AvailableItems::at(std::int64_t timestamp) {
  const std::int64_t until = catalogue_->next_change(timestamp);
  const auto known = by_end_.find(until);
  if (known != by_end_.end()) return known->second;
  auto stretch = std::make_shared<Stretch>();
  stretch->until = until;
  for (std::uint32_t i = 0; i < catalogue_->size(); ++i) {
    if (catalogue_->available(ItemId(i), timestamp)) stretch->items.emplace_back(i);
  }
  if (by_end_.size() == k_most) by_end_.clear();
  return by_end_.emplace(until, std::move(stretch)).first->second;
}

}  // namespace coldframe::detail
