#include "framework/evaluation/running_top.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

constexpr float k_infinity = std::numeric_limits<float>::infinity();

std::vector<ItemId> all_items(std::size_t count) {
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < count; ++i) items.emplace_back(i);
  return items;
}

std::vector<ItemId> items_of(const std::vector<RankedItem>& ranking) {
  std::vector<ItemId> items;
  for (const RankedItem& ranked : ranking) items.push_back(ranked.item);
  return items;
}

/// The definition: sort all candidates, cut.
std::vector<ItemId> sorted(const TopRequest& request, std::span<const float> scores, const TieBreak& ties) {
  std::vector<ItemId> items(request.candidates.begin(), request.candidates.end());
  std::sort(items.begin(), items.end(), [&](ItemId a, ItemId b) {
    if (scores[a.value()] != scores[b.value()]) return scores[a.value()] > scores[b.value()];
    return ties.order(request.user, a) < ties.order(request.user, b);
  });
  items.resize(std::min(request.k, items.size()));
  return items;
}

TEST(RunningTop, agrees_with_sorting_for_any_candidates_and_ties) {
  const KeyedRandom random(11, Purpose::subsample);
  const TieBreak ties(5);
  for (std::uint32_t round = 0; round < 400; ++round) {
    const UserKey user(round);
    const std::uint32_t items = 1 + random.block(user, 0, 0, 0)[0] % 300;
    const std::uint32_t levels = 1 + random.block(user, 0, 0, 0)[1] % 200;  // few levels: many ties
    const double kept = random.uniform(user, 0, 0, 1);
    std::vector<float> scores;
    std::vector<ItemId> candidates;
    for (std::uint32_t i = 0; i < items; ++i) {
      const PhiloxBlock words = random.block(user, 1, 0, i);
      scores.push_back(static_cast<float>(words[0] % levels) - 3.0f);
      if (uniform_double(words[1]) < kept) candidates.emplace_back(i);
    }
    const TopRequest request{user, candidates, random.block(user, 0, 0, 0)[2] % 40};
    ASSERT_EQ(items_of(top_of_row(request, scores, ties)), sorted(request, scores, ties)) << "round " << round;
  }
}

TEST(RunningTop, the_order_of_offers_changes_nothing) {
  const std::vector<float> scores{2, 7, 7, 1, 7, 0, 7, 3};
  const std::vector<ItemId> items = all_items(scores.size());
  const TieBreak ties(1);
  const TopRequest request{UserKey(3), items, 3};
  RunningTop backwards(request, ties, scores.size());
  for (std::size_t i = scores.size(); i-- > 0;) backwards.offer(items[i], scores[i]);
  EXPECT_EQ(items_of(backwards.finish()), items_of(top_of_row(request, scores, ties)));
}

TEST(RunningTop, infinities_are_scores_like_any_other) {
  const std::vector<float> scores{-k_infinity, 0, k_infinity, 1};
  const std::vector<ItemId> items = all_items(4);
  const std::vector<RankedItem> best = top_of_row({UserKey(1), items, 9}, scores, TieBreak(1));
  EXPECT_EQ(items_of(best), (std::vector<ItemId>{ItemId(2), ItemId(3), ItemId(1), ItemId(0)}));
  EXPECT_EQ(best.back().score, -k_infinity);
}

TEST(RunningTop, nan_is_refused_for_candidates_only) {
  std::vector<float> scores(100, 1.0f);
  scores[70] = std::nanf("");
  std::vector<ItemId> items = all_items(100);
  EXPECT_THROW(top_of_row({UserKey(1), items, 3}, scores, TieBreak(1)), NumericError);
  items.erase(items.begin() + 70);
  EXPECT_EQ(top_of_row({UserKey(1), items, 3}, scores, TieBreak(1)).size(), 3u);
}

TEST(RunningTop, nothing_wanted_or_nothing_there_is_an_empty_list) {
  const std::vector<float> scores(5, 1.0f);
  EXPECT_TRUE(top_of_row({UserKey(1), all_items(5), 0}, scores, TieBreak(1)).empty());
  EXPECT_TRUE(top_of_row({UserKey(1), {}, 3}, scores, TieBreak(1)).empty());
  EXPECT_TRUE(top_of_row({UserKey(1), {}, 3}, {}, TieBreak(1)).empty());
}

}  // namespace
}  // namespace coldframe
