#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coldframe {

// Legend: I items, n likes.

/// One way to cut what newcomers are to find into buckets: every target lies in one of them, or in none.
struct TargetSlicing {
  static constexpr std::int8_t k_none = -1;

  std::string name;                          // "popularity"
  std::vector<std::string> buckets;          // in the order in which they are shown
  std::vector<std::vector<std::int8_t>> of;  // [newcomers][targets], parallel to HeldOutUser::targets
};

/// A column of numbers about slices: one bucket of one slicing.
struct SliceCell {
  std::string slicing, bucket;
  friend bool operator==(const SliceCell&, const SliceCell&) = default;
};

/// Buckets of items by how liked they are in training, for every item. [I]
///   head    the most liked items that together hold half of all likes
///   middle  the next ones, up to nine tenths of all likes
///   tail    the other items with a like
///   cold    items without one
/// Equally liked items share a bucket, the one that likes of more liked items alone decide. train_counts [I].
std::vector<std::int8_t> popularity_buckets(std::span<const std::uint32_t> train_counts);
const std::vector<std::string>& popularity_bucket_names();

/// Bucket of an item that was so old when it was liked: first week, first month, first three months, older.
std::int8_t age_bucket(std::int64_t seconds);
const std::vector<std::string>& age_bucket_names();

}  // namespace coldframe
