#include "framework/data/likes.h"

#include <gtest/gtest.h>

#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

std::vector<ItemId> listed(std::span<const ItemId> items) { return {items.begin(), items.end()}; }

Dataset one_user(std::vector<std::uint32_t> items, std::vector<float> ratings, std::vector<std::int64_t> times) {
  Dataset data = testing::regular_dataset(1, 6, 0);
  data.interactions = {};
  for (const std::uint32_t item : items) {
    data.interactions.user.push_back(UserId(0));
    data.interactions.item.push_back(ItemId(item));
  }
  data.interactions.rating = std::move(ratings);
  data.interactions.timestamp = std::move(times);
  sort_interactions(data);
  return data;
}

TEST(Likes, are_ratings_at_or_above_the_threshold_in_order_of_time) {
  const Dataset data = one_user({0, 1, 2, 3}, {4, 3.9f, 5, 1}, {30, 10, 20, 5});
  const Likes likes(data, {.threshold = 4});
  EXPECT_EQ(listed(likes.of(UserId(0))), (std::vector<ItemId>{ItemId(2), ItemId(0)}));
  EXPECT_EQ(likes.times_of(UserId(0))[0], 20);
  EXPECT_EQ(Likes(data, {.threshold = 3}).total(), 3u);
}

TEST(Likes, an_item_liked_again_counts_once_at_its_first_like) {
  // Time 1: disliked; 2: liked; 3: another; 4: liked again.
  const Dataset data = one_user({0, 0, 1, 0}, {1, 5, 5, 5}, {1, 2, 3, 4});
  const Likes likes(data, {});
  EXPECT_EQ(listed(likes.of(UserId(0))), (std::vector<ItemId>{ItemId(0), ItemId(1)}));
}

TEST(Likes, without_ratings_every_interaction_is_one_and_without_times_the_hash_orders) {
  const Dataset forward = one_user({0, 1, 2, 3, 4, 5}, {}, {});
  const Dataset backward = one_user({5, 4, 3, 2, 1, 0}, {}, {});
  const Likes likes(forward, {});
  EXPECT_FALSE(likes.timed());
  EXPECT_TRUE(likes.times_of(UserId(0)).empty());
  EXPECT_EQ(likes.total(), 6u);
  EXPECT_EQ(listed(likes.of(UserId(0))), listed(Likes(backward, {}).of(UserId(0))));
}

TEST(Likes, counts_by_item_cover_only_the_users_asked_for) {
  const Dataset data = testing::regular_dataset(3, 30, 4);
  const Likes likes(data, {});
  EXPECT_EQ(likes.total(), 12u);
  const std::vector<UserId> users = {UserId(1)};
  const auto counts = likes.count_by_item(users);
  for (std::uint32_t item = 0; item < 30; ++item) EXPECT_EQ(counts[item], item >= 7 && item < 11 ? 1u : 0u) << item;
}

}  // namespace
}  // namespace coldframe
