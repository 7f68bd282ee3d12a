#include "framework/simulation/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

std::vector<std::uint64_t> keys_of(const Dataset& data) {
  std::vector<std::uint64_t> keys(data.items.size());
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = data.item_key(ItemId(static_cast<std::uint32_t>(i)));
  return keys;
}

}  // namespace

Catalogue::Catalogue(const Dataset& data)
    : Catalogue(keys_of(data), data.item_available_from, data.item_available_to) {}

Catalogue::Catalogue(std::vector<std::uint64_t> item_keys, std::vector<std::int64_t> from, std::vector<std::int64_t> to,
                     std::vector<bool> new_items)
    : keys_(std::move(item_keys)), from_(std::move(from)), to_(std::move(to)), new_(std::move(new_items)) {
  if (from_.empty()) from_.assign(keys_.size(), Dataset::k_always);
  if (to_.empty()) to_.assign(keys_.size(), Dataset::k_forever);
  CF_EXPECTS(new_.empty() || new_.size() == keys_.size());
  if (from_.size() != keys_.size() || to_.size() != keys_.size()) {
    throw DataError(fmt::format("catalogue of {} items", keys_.size()),
                    fmt::format("{} times from and {} times to", from_.size(), to_.size()),
                    "give one availability per item, or none");
  }
  for (const std::vector<std::int64_t>* times : {&from_, &to_}) {
    for (const std::int64_t time : *times) {
      if (time != Dataset::k_always && time != Dataset::k_forever) changes_.push_back(time);
    }
  }
  std::ranges::sort(changes_);
  changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
}

std::int64_t Catalogue::next_change(std::int64_t timestamp) const {
  const auto next = std::ranges::upper_bound(changes_, timestamp);
  return next == changes_.end() ? Dataset::k_forever : *next;
}

}  // namespace coldframe
