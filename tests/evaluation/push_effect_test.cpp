#include "framework/evaluation/push_effect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "framework/core/philox.h"
#include "framework/evaluation/top_items.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

// Scores 5 9 7 1 8: the order is 1, 4, 2, 0, 3. With item 1 and item 2 masked: 4, 0, 3.
TEST(PushEffect, places_of_a_case_worked_by_hand) {
  const std::vector<float> scores = {5, 9, 7, 1, 8};
  const TieBreak ties(1);
  EXPECT_EQ(place_of(UserKey(3), scores, {}, ItemId(0), ties), 4u);
  EXPECT_EQ(place_of(UserKey(3), scores, items_of({1, 2}), ItemId(0), ties), 2u);
  // Targets 0, 2 (met already) and 3: places 2 and 3, one of them in the first two, scores 5 and 1.
  const TargetPlaces found = target_places(UserKey(3), scores, items_of({1, 2}), items_of({0, 2, 3}), 2, ties);
  EXPECT_EQ(found.targets, 2u);
  EXPECT_DOUBLE_EQ(found.hits, 0.5);
  EXPECT_DOUBLE_EQ(found.place, 2.5);
  EXPECT_DOUBLE_EQ(found.score, 3.0);
  EXPECT_EQ(target_places(UserKey(3), scores, items_of({2}), items_of({2}), 2, ties).targets, 0u);
}

TEST(PushEffect, places_are_those_of_the_ranking_ties_included) {
  const KeyedRandom random(9, Purpose::initialisation);
  const TieBreak ties(1);
  TopItems top(60, ties);
  for (std::uint64_t user = 0; user < 10; ++user) {
    std::vector<float> scores;
    for (std::uint32_t i = 0; i < 60; ++i) {
      scores.push_back(static_cast<float>(uniform_below(random.block(UserKey(user), 0, 0, i)[0], 4)));
    }
    const std::vector<ItemId> masked = items_of({3, 30, 31});
    const auto list = top.select(UserKey(user), scores, masked, 60);
    for (std::size_t place = 0; place < list.size(); ++place) {
      EXPECT_EQ(place_of(UserKey(user), scores, masked, list[place], ties), place + 1);
    }
  }
}

// User 1 under two seeds, one of which pushes an item that the user has met; user 2 under one.
TEST(PushEffect, seeds_are_averaged_by_user) {
  std::vector<PushedUser> rows(3);
  rows[0] = {UserKey(2), {0.3, 0.1}, {{1, 0, 8, 0.1}, {1, 1, 2, 0.4}}};
  rows[1] = {UserKey(1), {0.5, 0.5}, {{2, 0, 10, 0.2}, {2, 1, 4, 0.3}}};
  rows[2] = {UserKey(1), {0.7, 0.1}, {}};
  const std::vector<PushedUser> means = mean_by_user(rows);
  ASSERT_EQ(means.size(), 2u);
  EXPECT_EQ(means[0].user, UserKey(1));
  EXPECT_DOUBLE_EQ(means[0].utility[0], 0.6);
  EXPECT_DOUBLE_EQ(means[0].utility[1], 0.3);
  EXPECT_DOUBLE_EQ(means[0].places[0].place, 10) << "a pair without a candidate is no place";
  EXPECT_DOUBLE_EQ(means[0].places[1].hits, 1);
  EXPECT_DOUBLE_EQ(means[1].places[1].place, 2);
}

}  // namespace
}  // namespace coldframe
