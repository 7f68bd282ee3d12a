#include "framework/evaluation/newcomers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

/// Ranks items by their distance to the last item of the history, or by row without one; counts what it was asked.
class NearestScorer final : public NewcomerScorer {
 public:
  explicit NearestScorer(std::size_t minimum = 0) : minimum_(minimum) {}
  std::size_t minimum_shots() const override { return minimum_; }
  void score(std::span<const NewcomerQuery> queries, std::span<float> scores) override {
    const std::size_t items = scores.size() / queries.size();
    for (std::size_t q = 0; q < queries.size(); ++q) {
      histories.emplace_back(queries[q].history.begin(), queries[q].history.end());
      const float at = queries[q].history.empty() ? 0.0f : static_cast<float>(queries[q].history.back().value());
      for (std::size_t i = 0; i < items; ++i) scores[q * items + i] = -std::abs(static_cast<float>(i) - at);
    }
    largest_batch = std::max(largest_batch, queries.size());
  }

  std::vector<std::vector<ItemId>> histories;
  std::size_t largest_batch = 0;

 private:
  std::size_t minimum_;
};

struct People {
  std::vector<ItemId> support = items_of({8, 5});
  std::vector<ItemId> targets = items_of({6, 1});
  std::vector<ItemId> late_support = items_of({2, 9});
  std::vector<ItemId> late_targets = items_of({7});

  std::vector<HeldOutUser> users() const {
    return {{UserId(0), UserKey(100), support, support, targets},
            {UserId(1), UserKey(101), std::span(support).first(1), support, targets},  // support too short
            {UserId(2), UserKey(102), support, support, {}},                           // no targets
            {UserId(3), UserKey(103), support, support, std::span(support)},           // only masked targets
            {UserId(4), UserKey(104), late_support, late_support, late_targets}};
  }
};

NewcomerOptions options() {
  NewcomerOptions options;
  options.shots = {0, 1, 2};
  options.metrics = {{RankingMetric::recall, 2}, {RankingMetric::mrr, 3}};
  options.coverage_at = 2;
  return options;
}

TEST(Newcomers, worked_example_over_ten_items) {
  const People people;
  NearestScorer scorer;
  const NewcomerTable table = evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, options());
  EXPECT_EQ(table.users, (std::vector{UserKey(100), UserKey(104)}));
  EXPECT_EQ(table.left_out, 3u);
  ASSERT_EQ(table.rows.size(), 3u);
  // k = 0: both lists are 0 1 2.., without masked 8, 5 and 2, 9. Targets 6, 1: hit at rank 2. Target 7: none in 3.
  EXPECT_EQ(table.find(0)->values[0], (std::vector<double>{0.5, 0.0}));
  EXPECT_EQ(table.find(0)->values[1], (std::vector<double>{0.5, 0.0}));
  EXPECT_DOUBLE_EQ(table.find(0)->mean(0), 0.25);
  EXPECT_DOUBLE_EQ(table.find(0)->exposure.coverage(), 0.2);  // items 0 and 1 of 10
  // k = 2: last items 5 and 9. Around 5: 4 and 6 tie, then 3 and 7. Around 9: 8, 7.
  EXPECT_EQ(table.find(2)->values[0], (std::vector<double>{0.5, 1.0}));
  EXPECT_EQ(table.find(2)->values[1][1], 0.5);
  EXPECT_DOUBLE_EQ(table.find(2)->exposure.coverage(), 0.4);  // 4, 6, 8, 7
  EXPECT_EQ(table.find(3), nullptr);
}

/// Targets 6 and 7 are liked, target 1 is not; also of users who are left out.
TargetSlicing slicing_of(std::span<const HeldOutUser> users) {
  TargetSlicing slicing{"popularity", {"head", "tail"}, {}};
  for (const HeldOutUser& user : users) {
    std::vector<std::int8_t>& of = slicing.of.emplace_back();
    for (const ItemId target : user.targets) {
      of.push_back(target == ItemId(1) ? 1 : target == ItemId(6) || target == ItemId(7) ? 0 : TargetSlicing::k_none);
    }
  }
  return slicing;
}

TEST(Newcomers, a_cell_knows_its_own_targets_alone_and_only_users_who_have_one) {
  const People people;
  NearestScorer scorer;
  const TargetSlicing slicing = slicing_of(people.users());
  const NewcomerTable table = evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, options(), {&slicing, 1});
  EXPECT_EQ(table.cells, (std::vector<SliceCell>{{"popularity", "head"}, {"popularity", "tail"}}));
  // The lists are those of the example above. k = 0: 0 1: user 100 finds 1 and misses 6, user 104 misses 7.
  EXPECT_EQ(table.find(0)->by_cell[0], (std::vector<double>{0.0, 0.0}));
  EXPECT_EQ(table.find(0)->by_cell[1][0], 1.0);
  EXPECT_TRUE(std::isnan(table.find(0)->by_cell[1][1])) << "user 104 has nothing to find in the tail";
  // k = 2: 4 and 6, and 8 7.
  EXPECT_EQ(table.find(2)->by_cell[0], (std::vector<double>{1.0, 1.0}));
  EXPECT_EQ(table.find(2)->by_cell[1][0], 0.0);
  NearestScorer plain;
  const NewcomerTable without = evaluate_newcomers(people.users(), 10, TieBreak(1), plain, options());
  EXPECT_TRUE(without.find(0)->by_cell.empty());
  EXPECT_EQ(without.find(2)->values, table.find(2)->values) << "cells change nothing else";
  NewcomerTable joined = table;
  EXPECT_THROW(joined.append(without), DataError);
  joined.append(table);
  EXPECT_EQ(joined.find(2)->by_cell[0].size(), 4u);
}

TEST(Newcomers, a_scorer_sees_the_first_k_of_the_support_and_nothing_of_skipped_rows) {
  const People people;
  NearestScorer scorer(1);
  const NewcomerTable table = evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, options());
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].shots, 1u);
  EXPECT_EQ(table.users.size(), 2u) << "the users do not depend on the scorer";
  EXPECT_EQ(scorer.histories, (std::vector{items_of({8}), items_of({2}), items_of({8, 5}), items_of({2, 9})}));
}

TEST(Newcomers, batches_shards_and_the_order_of_users_change_no_value) {
  const People people;
  std::vector<HeldOutUser> users;
  for (std::uint64_t u = 0; u < 23; ++u) {
    HeldOutUser user = people.users()[u % 2 ? 0 : 4];
    user.key = UserKey(u);
    users.push_back(user);
  }
  NearestScorer scorer;
  NewcomerOptions small = options();
  small.batch_users = 3;
  const NewcomerTable whole = evaluate_newcomers(users, 10, TieBreak(1), scorer, options());
  NearestScorer small_scorer;
  NewcomerTable joined = evaluate_newcomers(std::span(users).first(10), 10, TieBreak(1), small_scorer, small);
  joined.append(evaluate_newcomers(std::span(users).subspan(10), 10, TieBreak(1), small_scorer, small));
  EXPECT_EQ(small_scorer.largest_batch, 3u);
  EXPECT_EQ(joined.users, whole.users);
  for (std::size_t r = 0; r < whole.rows.size(); ++r) {
    EXPECT_EQ(joined.rows[r].values, whole.rows[r].values);
    EXPECT_EQ(joined.rows[r].exposure.counts(), whole.rows[r].exposure.counts());
  }
  std::reverse(users.begin(), users.end());
  const NewcomerTable reversed = evaluate_newcomers(users, 10, TieBreak(1), scorer, options());
  for (std::size_t u = 0; u < users.size(); ++u) {
    EXPECT_EQ(reversed.rows[2].values[0][users.size() - 1 - u], whole.rows[2].values[0][u]);
  }
}

TEST(Newcomers, nobody_to_evaluate_is_a_table_without_users) {
  NearestScorer scorer;
  const NewcomerTable table = evaluate_newcomers({}, 10, TieBreak(1), scorer, options());
  EXPECT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].mean(0), 0.0);
}

class NanScorer final : public NewcomerScorer {
 public:
  void score(std::span<const NewcomerQuery>, std::span<float> scores) override {
    scores.back() = std::numeric_limits<float>::quiet_NaN();
  }
};

TEST(Newcomers, refuses_nan_scores_foreign_shards_and_empty_options) {
  const People people;
  NanScorer broken;
  EXPECT_THROW(evaluate_newcomers(people.users(), 10, TieBreak(1), broken, options()), NumericError);
  NearestScorer scorer;
  NewcomerTable table = evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, options());
  NewcomerOptions other = options();
  other.shots = {0};
  EXPECT_THROW(table.append(evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, other)), DataError);
  EXPECT_EQ(table.users.size(), 2u);
  other.shots = {};
  EXPECT_THROW(evaluate_newcomers(people.users(), 10, TieBreak(1), scorer, other), ConfigError);
}

}  // namespace
}  // namespace coldframe
