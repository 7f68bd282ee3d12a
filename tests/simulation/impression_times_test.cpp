#include "framework/simulation/impression_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace coldframe {
namespace {

TEST(ImpressionTimes, keep_the_earliest_of_every_item_whatever_the_order_of_ranges) {
  std::mt19937 random(7);
  std::vector<Impression> all;
  for (int i = 0; i < 400; ++i)
    all.push_back({static_cast<std::uint32_t>(random() % 5), static_cast<std::int64_t>(random() % 1000)});
  std::vector<Impression> expected;
  for (std::uint32_t item = 0; item < 5; ++item) {
    std::vector<Impression> of_item;
    std::ranges::copy_if(all, std::back_inserter(of_item), [&](const Impression& one) { return one.item == item; });
    std::ranges::sort(of_item);
    expected.insert(expected.end(), of_item.begin(), of_item.begin() + k_first_impressions);
  }
  std::vector<Impression> first(all.begin(), all.begin() + 150), second(all.begin() + 150, all.begin() + 151),
      third(all.begin() + 151, all.end());
  for (auto* part : {&first, &second, &third}) keep_first_impressions(*part);
  std::vector<Impression> forward = first, backward = third;
  merge_first_impressions(forward, second);
  merge_first_impressions(forward, third);
  merge_first_impressions(backward, first);
  merge_first_impressions(backward, second);
  EXPECT_EQ(forward, expected);
  EXPECT_EQ(backward, expected);
}

TEST(ImpressionTimes, items_wait_from_their_arrival_and_those_never_seen_count) {
  // Item 0 is known; 1 was there before the start; 2 arrives at 100, 3 at 200 and is never seen, 4 after the end.
  const std::int64_t always = Dataset::k_always, forever = Dataset::k_forever;
  const Catalogue catalogue({1, 2, 3, 4, 5}, {always, always, 100, 200, 900},
                            {forever, forever, forever, forever, forever}, {false, true, true, true, true});
  std::vector<Impression> seen = {{0, 55}, {1, 60}, {1, 75}, {2, 130}, {2, 180}, {2, 190}};
  keep_first_impressions(seen);
  const WaitingTime once = waiting_time(seen, catalogue, 50, 900, 1);
  EXPECT_EQ(once.items, 3u);
  EXPECT_EQ(once.reached, 2u);
  EXPECT_EQ(once.median_seconds, 30.0) << "10, 30, never";
  const WaitingTime twice = waiting_time(seen, catalogue, 50, 900, 2);
  EXPECT_EQ(twice.reached, 2u);
  EXPECT_EQ(twice.median_seconds, 80.0) << "25, 80, never";
  const WaitingTime thrice = waiting_time(seen, catalogue, 50, 900, 3);
  EXPECT_EQ(thrice.reached, 1u);
  EXPECT_FALSE(thrice.median_seconds) << "140, never, never";
}

}  // namespace
}  // namespace coldframe
