#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"

namespace coldframe {

struct LikeOptions {
  double threshold = 4.0;  // a rating at or above it is a like; without ratings every interaction is one
};

/// Which items every user liked, in the order of (timestamp, keyed hash of user and item); without timestamps in hash
/// order alone. An item liked more than once counts once, at its first like.
class Likes {
 public:
  Likes(const Dataset& dataset, const LikeOptions& options);

  std::size_t user_count() const { return offsets_.size() - 1; }
  std::size_t item_count() const { return item_count_; }
  std::size_t total() const { return items_.size(); }
  std::span<const ItemId> of(UserId user) const;
  std::span<const std::int64_t> times_of(UserId user) const;  // unix seconds; empty without timestamps
  bool timed() const { return timed_; }

  /// The likes among these items only. `among` [items]
  Likes only(const std::vector<bool>& among) const;

  /// Likes per item [items] over the given users (role T for popularity and priors).
  std::vector<std::uint32_t> count_by_item(std::span<const UserId> users) const;

 private:
  Likes() = default;

  std::size_t item_count_ = 0;
  bool timed_ = false;
  std::vector<std::size_t> offsets_;  // [users + 1]
  std::vector<ItemId> items_;
  std::vector<std::int64_t> times_;
};

}  // namespace coldframe
