#include "framework/evaluation/top_items.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

std::vector<ItemId> select(TopItems& top, const std::vector<float>& scores, const std::vector<ItemId>& masked,
                           std::size_t k, UserKey user = UserKey(7)) {
  const auto list = top.select(user, scores, masked, k);
  return {list.begin(), list.end()};
}

TEST(TopItems, orders_by_score_and_skips_masked_items) {
  TopItems top(5, TieBreak(1));
  EXPECT_EQ(select(top, {0.1f, 0.9f, 0.5f, 0.7f, 0.3f}, items_of({1}), 3), items_of({3, 2, 4}));
  EXPECT_EQ(select(top, {0.1f, 0.9f, 0.5f, 0.7f, 0.3f}, {}, 2), items_of({1, 3})) << "the mask must not stick";
}

TEST(TopItems, a_short_candidate_set_gives_a_short_list) {
  TopItems top(4, TieBreak(1));
  EXPECT_EQ(select(top, {4, 3, 2, 1}, items_of({0, 2, 2}), 10), items_of({1, 3}));
  EXPECT_TRUE(select(top, {4, 3, 2, 1}, items_of({0, 1, 2, 3}), 10).empty());
  EXPECT_TRUE(select(top, {4, 3, 2, 1}, {}, 0).empty());
}

TEST(TopItems, infinities_are_scores_like_any_other) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  TopItems top(4, TieBreak(1));
  EXPECT_EQ(select(top, {-infinity, 0, infinity, 1}, {}, 4), items_of({2, 3, 1, 0}));
}

TEST(TopItems, equals_a_full_sort_with_many_ties) {
  const std::size_t items = 300;
  const TieBreak ties(3);
  const KeyedRandom random(5, Purpose::initialisation);
  TopItems top(items, ties);
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const UserKey user(trial);
    std::vector<float> scores(items);
    std::vector<ItemId> masked;
    for (std::uint32_t i = 0; i < items; ++i) {
      scores[i] = static_cast<float>(uniform_below(random.block(user, 0, 0, i)[0], 8)) - 4.0f;
      if (random.block(user, 0, 1, i)[0] % 5 == 0) masked.emplace_back(i);
    }
    std::vector<ItemId> expected;
    for (std::uint32_t i = 0; i < items; ++i) {
      if (std::find(masked.begin(), masked.end(), ItemId(i)) == masked.end()) expected.emplace_back(i);
    }
    std::sort(expected.begin(), expected.end(), [&](ItemId a, ItemId b) {
      if (scores[a.value()] != scores[b.value()]) return scores[a.value()] > scores[b.value()];
      return ties.order(user, a) < ties.order(user, b);
    });
    expected.resize(25);
    EXPECT_EQ(select(top, scores, masked, 25, user), expected);
  }
}

TEST(TopItems, a_constant_scorer_ranks_differently_for_every_user_and_shows_every_item_equally_often) {
  const std::size_t items = 20;
  const int users = 4000;
  TopItems top(items, TieBreak(9));
  std::vector<int> first(items, 0);
  for (int u = 0; u < users; ++u) {
    ++first[select(top, std::vector<float>(items, 0.5f), {}, 1, UserKey(static_cast<std::uint64_t>(u)))[0].value()];
  }
  // Expected 200 each, standard deviation sqrt(4000 x .05 x .95) = 13.8: five of them.
  for (const int count : first) EXPECT_NEAR(count, 200, 69);
}

TEST(TopItems, ties_follow_item_keys_and_not_rows) {
  const std::vector<std::uint64_t> keys = {11, 22, 0x123456789ABCDEFull, 44};
  std::vector<std::uint64_t> reversed(keys.rbegin(), keys.rend());
  TopItems forward(4, TieBreak(1, keys));
  TopItems backward(4, TieBreak(1, reversed));
  for (std::uint64_t u = 0; u < 20; ++u) {
    const auto a = select(forward, {0, 0, 0, 0}, {}, 4, UserKey(u));
    const auto b = select(backward, {0, 0, 0, 0}, {}, 4, UserKey(u));
    for (std::size_t r = 0; r < 4; ++r) EXPECT_EQ(keys[a[r].value()], reversed[b[r].value()]);
  }
}

TEST(TopItems, tie_order_is_pinned) {
  // Frozen: results of all studies depend on it.
  EXPECT_EQ(TieBreak(17).order(UserKey(1), ItemId(2)), TieBreak(17, {0, 0, 2}).order(UserKey(1), ItemId(2)));
  TopItems top(6, TieBreak(17));
  EXPECT_EQ(select(top, {0, 0, 0, 0, 0, 0}, {}, 6, UserKey(42)), items_of({5, 2, 4, 1, 3, 0}));
}

TEST(TopItems, nan_is_an_error_that_names_user_and_item) {
  TopItems top(3, TieBreak(1));
  const std::vector<float> scores = {0, 1, std::numeric_limits<float>::quiet_NaN()};
  try {
    top.select(UserKey(0xABC), scores, items_of({2}), 1);  // even a masked NaN is a sign of a broken scorer
    FAIL() << "accepted NaN";
  } catch (const NumericError& error) {
    EXPECT_NE(std::string(error.what()).find("item 2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("0abc"), std::string::npos) << error.what();
  }
}

TEST(TopItems, wrong_sizes_and_unknown_items_are_refused_and_leave_no_trace) {
  TopItems top(3, TieBreak(1));
  EXPECT_THROW(top.select(UserKey(1), std::vector<float>{1, 2}, {}, 1), DataError);
  EXPECT_THROW(top.select(UserKey(1), std::vector<float>{1, 2, 3}, items_of({2, 3}), 1), DataError);
  EXPECT_EQ(select(top, {1, 2, 3}, {}, 1), items_of({2}));
  EXPECT_THROW(TopItems(3, TieBreak(1, {5, 6})), ConfigError);
}

}  // namespace
}  // namespace coldframe
