#include "framework/evaluation/target_slices.h"

#include <algorithm>
#include <numeric>

namespace coldframe {
namespace {

constexpr std::int8_t k_head = 0, k_middle = 1, k_tail = 2, k_cold = 3;
constexpr std::int64_t k_day = 24 * 60 * 60;

}  // namespace

std::vector<std::int8_t> popularity_buckets(std::span<const std::uint32_t> train_counts) {
  std::vector<std::size_t> order(train_counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return train_counts[a] > train_counts[b]; });
  const std::uint64_t all = std::accumulate(train_counts.begin(), train_counts.end(), std::uint64_t{0});
  std::vector<std::int8_t> buckets(train_counts.size(), k_cold);
  std::uint64_t before = 0;  // likes of strictly more liked items
  for (std::size_t begin = 0; begin < order.size() && train_counts[order[begin]] > 0;) {
    const std::uint32_t count = train_counts[order[begin]];
    const std::int8_t bucket = 2 * before < all ? k_head : 10 * before < 9 * all ? k_middle : k_tail;
    for (; begin < order.size() && train_counts[order[begin]] == count; ++begin) {
      buckets[order[begin]] = bucket;
      before += count;
    }
  }
  return buckets;
}

const std::vector<std::string>& popularity_bucket_names() {
  static const std::vector<std::string> names = {"head", "middle", "tail", "cold"};
  return names;
}

std::int8_t age_bucket(std::int64_t seconds) {
  std::int8_t bucket = 0;
  for (const std::int64_t days : {7, 30, 90}) bucket = static_cast<std::int8_t>(bucket + (seconds >= days * k_day));
  return bucket;
}

const std::vector<std::string>& age_bucket_names() {
  static const std::vector<std::string> names = {"below 7 days", "7 to 30 days", "30 to 90 days", "from 90 days"};
  return names;
}

}  // namespace coldframe
