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
  /// item_keys [I] stable keys; from, to [I] unix seconds, `to` exclusive; new_items [I]: which ones policies had no
  /// likes of to learn from (empty: none).
  Catalogue(std::vector<std::uint64_t> item_keys, std::vector<std::int64_t> from, std::vector<std::int64_t> to,
            std::vector<bool> new_items = {});

  std::size_t size() const { return keys_.size(); }
  std::uint32_t slot(ItemId item) const { return static_cast<std::uint32_t>(keys_[item.value()]); }
  bool available(ItemId item, std::int64_t timestamp) const {
    return from_[item.value()] <= timestamp && timestamp < to_[item.value()];
  }
  bool any_new() const { return !new_.empty(); }
  bool is_new(ItemId item) const { return !new_.empty() && new_[item.value()]; }
  /// Whether an item can have been liked before a point in time: no, for a new item that is yet to come.
  bool arrived(ItemId item, std::int64_t timestamp) const { return !is_new(item) || from_[item.value()] <= timestamp; }
  /// When the next item comes or goes after a point in time; Dataset::k_forever when none does.
  std::int64_t next_change(std::int64_t timestamp) const;
  const std::vector<std::uint64_t>& keys() const { return keys_; }
  const std::vector<std::int64_t>& from() const { return from_; }
  const std::vector<std::int64_t>& to() const { return to_; }
  TieBreak ties(std::uint64_t seed) const { return TieBreak(seed, keys_); }

 private:
  std::vector<std::uint64_t> keys_;
  std::vector<std::int64_t> from_;
  std::vector<std::int64_t> to_;
  std::vector<bool> new_;
  std::vector<std::int64_t> changes_;  // ascending
};

}  // namespace coldframe
