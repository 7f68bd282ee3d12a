#include "framework/evaluation/exposure_boost.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/item_fairness.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

SplitList split_of(const std::vector<float>& scores, const std::vector<ItemId>& group, std::size_t k,
                   const std::vector<ItemId>& masked = {}) {
  return ListSplitter(scores.size(), TieBreak(1), group).split(UserKey(7), scores, masked, k);
}

// Scores 9 7 4 6 1, group {3, 4}, two places with attention 1 and 1/2: the list is 0, 1 and the group sees nothing. A
// bonus of 1 levels item 3 with item 1: list 0, 3, a third of the attention. A bonus of 3 levels it with item 0: list
// 3, 0, two thirds.
TEST(ExposureBoostTest, lists_of_a_case_worked_by_hand) {
  const SplitList list = split_of({9, 7, 4, 6, 1}, items_of({3, 4}), 3);
  const std::vector<double> attention = {1.0, 0.5};
  EXPECT_EQ(boosted_list(list, 0, 2), items_of({0, 1}));
  EXPECT_EQ(boosted_list(list, 0.99, 2), items_of({0, 1}));
  EXPECT_EQ(boosted_list(list, 1, 2), items_of({0, 3}));
  EXPECT_EQ(boosted_list(list, 3, 3), items_of({3, 0, 1}));
  const BoostedExposure at_one = boosted_exposure({&list, 1}, 1, attention);
  EXPECT_DOUBLE_EQ(at_one.share, 1.0 / 3);
  EXPECT_DOUBLE_EQ(at_one.utility, 9 + 0.5 * 6);
  EXPECT_EQ(smallest_boost({&list, 1}, attention, 0.0), 0.0);
  EXPECT_EQ(smallest_boost({&list, 1}, attention, 0.2), 1.0);
  EXPECT_EQ(smallest_boost({&list, 1}, attention, 0.34), 3.0);
  EXPECT_EQ(smallest_boost({&list, 1}, attention, 1.0), 9.0 - 1.0) << "item 4 has to reach item 0";
}

// Two users: one gives up .1 for the first place, the other 5. Half of all attention costs .1: all of it comes from the
// first user's list, as no bound on single lists would have it.
TEST(ExposureBoostTest, is_amortised_over_users) {
  const std::vector<SplitList> lists = {split_of({1.0f, 0.875f}, items_of({1}), 1), split_of({6, 1}, items_of({1}), 1)};
  const std::vector<double> attention = {1.0};
  EXPECT_EQ(smallest_boost(lists, attention, 0.5), 0.125);
  EXPECT_EQ(boosted_list(lists[1], 0.125, 1), items_of({0}));
  EXPECT_EQ(smallest_boost(lists, attention, 0.51), 5.0);
}

TEST(ExposureBoostTest, without_a_bonus_the_list_is_the_ranking_as_it_was) {
  const KeyedRandom random(3, Purpose::initialisation);
  TopItems top(40, TieBreak(1));
  for (std::uint64_t user = 0; user < 20; ++user) {
    std::vector<float> scores;
    for (std::uint32_t i = 0; i < 40; ++i) {
      scores.push_back(static_cast<float>(uniform_below(random.block(UserKey(user), 0, 0, i)[0], 6)));
    }
    const std::vector<ItemId> group = items_of({1, 5, 8, 13, 21, 34}), masked = items_of({2, 8});
    ListSplitter splitter(40, TieBreak(1), group);
    const SplitList list = splitter.split(UserKey(user), scores, masked, 10);
    const auto plain = top.select(UserKey(user), scores, masked, 10);
    EXPECT_EQ(boosted_list(list, 0, 10), std::vector<ItemId>(plain.begin(), plain.end()));
  }
}

struct Candidate {
  double exposure = 0, utility = 0;
};

/// Every ordered list of `places` of the items, with the exposure of the group and its utility.
std::vector<Candidate> all_lists(const std::vector<float>& scores, std::size_t members, std::size_t places,
                                 const std::vector<double>& attention) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<Candidate> lists;
  do {
    Candidate list;
    for (std::size_t r = 0; r < places; ++r) {
      list.exposure += order[r] < members ? attention[r] : 0.0;
      list.utility += attention[r] * static_cast<double>(scores[order[r]]);
    }
    lists.push_back(list);
  } while (std::ranges::next_permutation(order).found);
  return lists;
}

/// Against every pair of lists of two users: none gives the group as much and has more utility; and a bonus below the
/// smallest one gives it too little.
TEST(ExposureBoostTest, no_other_lists_with_that_exposure_lose_less) {
  const KeyedRandom random(4, Purpose::initialisation);
  const std::vector<double> attention = logarithmic_attention(3);
  const double all = 2 * (attention[0] + attention[1] + attention[2]);
  std::size_t moved = 0;
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    std::vector<std::vector<float>> scores(2);
    std::vector<SplitList> lists;
    std::vector<std::vector<Candidate>> candidates;
    for (std::uint32_t user = 0; user < 2; ++user) {
      for (std::uint32_t i = 0; i < 5; ++i) {
        const double noise = random.uniform(UserKey(trial), user, 0, i);
        scores[user].push_back(static_cast<float>(noise + (i < 2 ? 0.0 : 0.4)));  // the group: items 0 and 1
      }
      lists.push_back(split_of(scores[user], items_of({0, 1}), 3));
      candidates.push_back(all_lists(scores[user], 2, 3, attention));
    }
    for (const double share : {0.2, 0.4, 0.6}) {
      const std::optional<double> bonus = smallest_boost(lists, attention, share);
      ASSERT_TRUE(bonus);
      const BoostedExposure found = boosted_exposure(lists, *bonus, attention);
      EXPECT_GE(found.share, share);
      double best = 0;
      for (const Candidate& first : candidates[0]) {
        for (const Candidate& second : candidates[1]) {
          if ((first.exposure + second.exposure) / all < found.share - 1e-12) continue;
          best = std::max(best, first.utility + second.utility);
        }
      }
      EXPECT_NEAR(found.utility, best, 1e-6) << "trial " << trial << ", share " << share;
      if (*bonus == 0) continue;
      ++moved;
      EXPECT_LT(boosted_exposure(lists, std::nextafter(*bonus, 0.0), attention).share, share);
    }
  }
  EXPECT_GT(moved, 20u);
}

TEST(ExposureBoostTest, a_group_that_is_too_small_is_told) {
  const SplitList list = split_of({3, 2, 1}, items_of({2}), 2);
  const std::vector<double> attention = {1.0, 0.5};
  EXPECT_FALSE(smallest_boost({&list, 1}, attention, 0.7)) << "one item fills one place: two thirds";
  EXPECT_TRUE(smallest_boost({&list, 1}, attention, 0.66));
  EXPECT_FALSE(smallest_boost({&list, 1}, attention, 1.0));
  const SplitList hidden = split_of({3, 2, 1}, items_of({2}), 2, items_of({2}));
  EXPECT_FALSE(smallest_boost({&hidden, 1}, attention, 0.1)) << "the user has seen it";
  EXPECT_THROW(ListSplitter(3, TieBreak(1), {}), ConfigError);
  EXPECT_THROW(ListSplitter(3, TieBreak(1), items_of({0, 1, 2})), ConfigError);
  EXPECT_THROW(ListSplitter(3, TieBreak(1), items_of({1, 1})), DataError);
  EXPECT_THROW(ListSplitter(3, TieBreak(1), items_of({3})), DataError);
}

}  // namespace
}  // namespace coldframe
