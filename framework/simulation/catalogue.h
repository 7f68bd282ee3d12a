#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/evaluation/tie_break.h"

namespace coldframe {

/// The items users can meet: their random-number slots and when they are available.
class Catalogue {
 public:
  explicit Catalogue(const Dataset& data);
  /// item_keys [I] stable keys; from, to [I] unix seconds, `to` exclusive.
  Catalogue(std::vector<std::uint64_t> item_keys, std::vector<std::int64_t> from, std::vector<std::int64_t> to);

  std::size_t size() const { return keys_.size(); }
  std::uint32_t slot(ItemId item) const { return static_cast<std::uint32_t>(keys_[item.value()]); }
  bool available(ItemId item, std::int64_t timestamp) const {
    return from_[item.value()] <= timestamp && timestamp < to_[item.value()];
  }
  /// When the next item comes or goes after a point in time; Dataset::k_forever when none does.
  std::int64_t next_change(std::int64_t timestamp) const;
  const std::vector<std::uint64_t>& keys() const { return keys_; }
  TieBreak ties(std::uint64_t seed) const { return TieBreak(seed, keys_); }

 private:
  std::vector<std::uint64_t> keys_;
  std::vector<std::int64_t> from_;
  std::vector<std::int64_t> to_;
  std::vector<std::int64_t> changes_;  // ascending
};

}  // namespace coldframe
