#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/philox.h"

namespace coldframe {

/// Orders items of equal score by a hash of (seed, user, item): never by row, since rows often follow popularity or
/// time, and never optimistically. A constant scorer is therefore ranked as a random one.
class TieBreak {
 public:
  /// item_keys: one stable key per item row (a hash of the external id), so that the order of rows in a file changes
  /// nothing. Empty: the row itself is the key.
  explicit TieBreak(std::uint64_t seed, std::vector<std::uint64_t> item_keys = {})
      : random_(seed, Purpose::tie_break), item_keys_(std::move(item_keys)) {}

  /// 0 when rows are the keys.
  std::size_t keys() const { return item_keys_.size(); }

  /// Smaller comes first.
  std::uint64_t order(UserKey user, ItemId item) const {
    const std::uint64_t key = item_keys_.empty() ? item.value() : item_keys_[item.value()];
    const auto high = static_cast<std::uint32_t>(key >> 32);
    const PhiloxBlock words = random_.block(user, high >> 12, high & 0xFFFu, static_cast<std::uint32_t>(key));
    return (std::uint64_t{words[1]} << 32) | words[0];
  }

 private:
  KeyedRandom random_;
  std::vector<std::uint64_t> item_keys_;
};

}  // namespace coldframe
