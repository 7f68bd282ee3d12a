#include "framework/evaluation/target_slices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace coldframe {
namespace {

using Buckets = std::vector<std::int8_t>;

// 20 likes: 8 stand before the second item, less than half; 14 before both with 3, more than half and less than nine
// tenths. In the other case 9 stand before both with 5, and 19 before the one with 1.
TEST(TargetSlices, head_middle_tail_and_cold_of_a_case_worked_by_hand) {
  EXPECT_EQ(popularity_buckets(std::vector<std::uint32_t>{8, 6, 3, 3, 0}), (Buckets{0, 0, 1, 1, 3}));
  // The order of the catalogue does not matter, and equally liked items share what comes before both: 9 of 20.
  EXPECT_EQ(popularity_buckets(std::vector<std::uint32_t>{1, 5, 5, 9, 0}), (Buckets{2, 0, 0, 0, 3}));
  EXPECT_EQ(popularity_buckets(std::vector<std::uint32_t>{0, 0}), (Buckets{3, 3}));
  EXPECT_EQ(popularity_bucket_names().size(), 4u);
}

TEST(TargetSlices, the_head_holds_half_of_all_likes_and_no_liked_item_is_cold) {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t i = 0; i < 300; ++i) counts.push_back(3000 / (i + 1) - 10);
  const Buckets buckets = popularity_buckets(counts);
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  double head = 0, middle = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    head += buckets[i] == 0 ? counts[i] : 0;
    middle += buckets[i] == 1 ? counts[i] : 0;
    EXPECT_EQ(buckets[i] == 3, counts[i] == 0);
    EXPECT_GE(buckets[i], buckets[i == 0 ? 0 : i - 1]) << "less liked items are never nearer to the head";
  }
  EXPECT_GE(head, all / 2);
  EXPECT_GE(head + middle, 0.9 * all);
  EXPECT_LT(head, 0.75 * all);
}

TEST(TargetSlices, ages_end_before_the_next_bucket_begins) {
  constexpr std::int64_t day = 86400;
  EXPECT_EQ(age_bucket(0), 0);
  EXPECT_EQ(age_bucket(7 * day - 1), 0);
  EXPECT_EQ(age_bucket(7 * day), 1);
  EXPECT_EQ(age_bucket(30 * day), 2);
  EXPECT_EQ(age_bucket(90 * day), 3);
  EXPECT_EQ(age_bucket_names().size(), 4u);
}

}  // namespace
}  // namespace coldframe
