#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// How often each item was shown over the lists of all users: what coverage, concentration and tail share are computed
/// from. Legend: I catalogue size, c_i times item i was shown, N = sum c_i, p_i = c_i / N. Everything is 0 when N = 0.
/// Counts are integers, so shards merge to the same value in any order.
class Exposure {
 public:
  explicit Exposure(std::size_t items) : counts_(items, 0) {}
  /// counts [I], as counts() gave them.
  static Exposure from_counts(std::vector<std::uint64_t> counts);

  void add_list(std::span<const ItemId> shown);
  /// Throws DataError when the catalogues differ in size.
  void merge(const Exposure& other);

  double coverage() const;          // #{c_i > 0} / I
  double coverage_pad() const;      // denominator I + 1 (RecBole counts its padding item)
  double gini() const;              // sum_i (2i - I - 1) c_(i) / (I N), ascending, unshown items are 0
  double gini_pad() const;          // I + 1 in place of I (RecBole)
  double entropy() const;           // -sum p_i ln p_i over shown items
  double entropy_per_item() const;  // divided by the number of distinct shown items (RecBole)

  /// Share of slots that hold one of the given items.
  double share_of(std::span<const ItemId> items) const;
  /// Mean training count of the shown items; an item unseen in training counts 0.
  double mean_popularity(std::span<const std::uint64_t> train_counts) const;

  std::size_t distinct() const;
  std::uint64_t slots() const { return slots_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }

 private:
  double gini_over(double items) const;

  std::vector<std::uint64_t> counts_;  // [I]
  std::uint64_t slots_ = 0;
};

/// The `share` least seen items of training, never-seen ones included; equal counts are ordered by a keyed hash.
std::vector<ItemId> tail_items(std::span<const std::uint64_t> train_counts, double share = 0.8, std::uint64_t seed = 0);

/// RecBole's tail: the lowest `ratio` of the items *seen* in training by (count, id), at least one; a ratio above 1
/// means "count <= ratio". Cold items are never tail in it.
std::vector<ItemId> tail_seen_items(std::span<const std::uint64_t> train_counts, double ratio = 0.1);

}  // namespace coldframe
