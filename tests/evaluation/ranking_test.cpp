#include "framework/evaluation/ranking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

TEST(RankingMetrics, worked_example_with_one_hit_at_rank_two) {
  const std::vector<std::uint8_t> relevant = {0, 1, 0};
  const JudgedList list{relevant, 2};
  EXPECT_DOUBLE_EQ(recall_at(list, 3), 0.5);
  EXPECT_DOUBLE_EQ(mrr_at(list, 3), 0.5);
  EXPECT_DOUBLE_EQ(map_at(list, 3), 0.25);  // (1/2) / min(2, 3)
  EXPECT_DOUBLE_EQ(map_k_at(list, 3), 0.5 / 3.0);
  EXPECT_NEAR(ndcg_at(list, 3), 0.63093 / 1.63093, 1e-5);
  EXPECT_NEAR(ndcg_at(list, 3), 0.38685, 5e-6);
  EXPECT_DOUBLE_EQ(hit_rate_at(list, 3), 1.0);
  EXPECT_DOUBLE_EQ(precision_at(list, 3), 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(recall_at(list, 1), 0.0);
  EXPECT_DOUBLE_EQ(mrr_at(list, 1), 0.0);
}

TEST(RankingMetrics, precision_divides_by_the_cut_and_capped_recall_by_the_smaller_of_both) {
  const std::vector<std::uint8_t> relevant = {1, 1};  // only two candidates were left
  const JudgedList list{relevant, 7};
  EXPECT_DOUBLE_EQ(precision_at(list, 5), 0.4);
  EXPECT_DOUBLE_EQ(recall_at(list, 5), 2.0 / 7.0);
  EXPECT_DOUBLE_EQ(recall_capped_at(list, 5), 2.0 / 5.0);
  EXPECT_DOUBLE_EQ(recall_capped_at(list, 10), 2.0 / 7.0);
}

TEST(RankingMetrics, micro_recall_weighs_users_by_their_targets) {
  // Mean of recalls: (1/1 + 1/4) / 2 = .625; micro: 2 / 5.
  EXPECT_DOUBLE_EQ(recall_micro(std::vector<double>{1, 1}, std::vector<double>{1, 4}), 0.4);
}

TEST(RankingMetrics, graded_ndcg_by_hand) {
  // Gains 2^g - 1: ranked 1, 3 against ideal 3, 1: (1 + 3/log2 3) / (3 + 1/log2 3).
  const double l = std::log2(3.0);
  EXPECT_DOUBLE_EQ(ndcg_graded_at(std::vector<double>{1, 2}, std::vector<double>{2, 0, 1}, 2),
                   (1 + 3 / l) / (3 + 1 / l));
  EXPECT_DOUBLE_EQ(ndcg_graded_at(std::vector<double>{0, 0}, std::vector<double>{0, 0}, 2), 0.0);
}

TEST(RankingMetrics, names_parse_and_print) {
  for (const char* name :
       {"hits@1", "recall@20", "recall_capped@5", "hr@10", "precision@3", "mrr@10", "map@7", "map_k@7", "ndcg@10"}) {
    EXPECT_EQ(to_string(parse_metric(name)), name);
  }
  for (const char* name :
       {"", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@ten", "ndcg@10x", "NDCG@10", "f1@10", "ndcg@99999999999"}) {
    EXPECT_THROW(parse_metric(name), ConfigError) << name;
  }
}

TEST(RankingEvaluator, agrees_with_scikit_learn_and_the_definitions) {
  const nlohmann::json golden = testing::golden("evaluation");
  for (const auto& one : golden["ranking"]) {
    const auto scores = one["scores"].get<std::vector<float>>();
    std::vector<MetricCut> metrics;
    for (const auto& [name, value] : one["expected"].items()) metrics.push_back(parse_metric(name));
    RankingEvaluator evaluator(scores.size(), metrics, TieBreak(1));
    std::vector<double> values(metrics.size());
    const auto masked = testing::items_in(one["masked"]);
    ASSERT_TRUE(evaluator.evaluate(UserKey(1), scores, masked, testing::items_in(one["targets"]), values));
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      EXPECT_NEAR(values[m], one["expected"][to_string(metrics[m])].get<double>(), 1e-12) << to_string(metrics[m]);
    }
    const std::vector<ItemId> top(evaluator.top().begin(), evaluator.top().end());
    EXPECT_EQ(top, testing::items_in(one["top"]));
    const auto grades = one["grades"].get<std::vector<double>>();
    for (std::size_t c = 0; c < golden["cuts"].size(); ++c) {
      EXPECT_NEAR(ndcg_graded_at(grades, grades, golden["cuts"][c].get<std::size_t>()),
                  one["ndcg_graded"][c].get<double>(), 1e-12);
    }
  }
}

TEST(RankingEvaluator, users_without_a_reachable_target_are_left_out) {
  RankingEvaluator evaluator(4, {{RankingMetric::ndcg, 2}}, TieBreak(1));
  const std::vector<float> scores = {4, 3, 2, 1};
  std::vector<double> value = {-1};
  EXPECT_FALSE(evaluator.evaluate(UserKey(1), scores, {}, {}, value));
  EXPECT_FALSE(evaluator.evaluate(UserKey(1), scores, items_of({2, 3}), items_of({3}), value));
  EXPECT_EQ(value[0], -1);
  EXPECT_TRUE(evaluator.evaluate(UserKey(1), scores, items_of({2}), items_of({3, 2}), value));
}

TEST(RankingEvaluator, targets_are_a_set_and_do_not_leak_into_the_next_user) {
  RankingEvaluator evaluator(4, {{RankingMetric::recall, 2}}, TieBreak(1));
  const std::vector<float> scores = {4, 3, 2, 1};
  std::vector<double> value(1);
  ASSERT_TRUE(evaluator.evaluate(UserKey(1), scores, {}, items_of({0, 3, 0, 0}), value));
  EXPECT_DOUBLE_EQ(value[0], 0.5);  // 1 of the 2 distinct ones
  ASSERT_TRUE(evaluator.evaluate(UserKey(1), scores, items_of({3}), items_of({0, 3}), value));
  EXPECT_DOUBLE_EQ(value[0], 1.0);  // the masked one does not count
  ASSERT_TRUE(evaluator.evaluate(UserKey(2), scores, {}, items_of({2}), value));
  EXPECT_DOUBLE_EQ(value[0], 0.0);
}

TEST(RankingEvaluator, refuses_targets_outside_the_catalogue_and_cuts_of_nothing) {
  RankingEvaluator evaluator(3, {{RankingMetric::ndcg, 2}}, TieBreak(1));
  std::vector<double> value(1);
  EXPECT_THROW(evaluator.evaluate(UserKey(1), std::vector<float>{1, 2, 3}, {}, items_of({3}), value), DataError);
  EXPECT_THROW(RankingEvaluator(3, {{RankingMetric::ndcg, 0}}, TieBreak(1)), ConfigError);
}

TEST(RankingEvaluator, relabelling_the_items_changes_no_value) {
  const std::size_t items = 50;
  const KeyedRandom random(3, Purpose::initialisation);
  std::vector<std::uint64_t> keys(items), shifted_keys(items);
  std::vector<float> scores(items), shifted_scores(items);
  for (std::uint32_t i = 0; i < items; ++i) {
    const std::uint32_t to = (i * 7 + 3) % items;  // a permutation, since 7 and 50 share no factor
    keys[i] = shifted_keys[to] = 1000 + i;
    scores[i] = shifted_scores[to] = static_cast<float>(uniform_below(random.block(UserKey(1), 0, 0, i)[0], 6));
  }
  const auto shift = [&](std::uint32_t i) { return ItemId((i * 7 + 3) % items); };
  const std::vector<MetricCut> metrics = {
      {RankingMetric::ndcg, 10}, {RankingMetric::recall, 20}, {RankingMetric::map, 10}};
  RankingEvaluator plain(items, metrics, TieBreak(1, keys));
  RankingEvaluator relabelled(items, metrics, TieBreak(1, shifted_keys));
  std::vector<double> a(3), b(3);
  for (std::uint64_t u = 0; u < 30; ++u) {
    plain.evaluate(UserKey(u), scores, items_of({4, 5}), items_of({1, 2, 3, 40, 41}), a);
    relabelled.evaluate(UserKey(u), shifted_scores, std::vector{shift(4), shift(5)},
                        std::vector{shift(1), shift(2), shift(3), shift(40), shift(41)}, b);
    EXPECT_EQ(a, b);
    for (const double value : a) {
      EXPECT_GE(value, 0.0);
      EXPECT_LE(value, 1.0);
    }
  }
}

TEST(RankingEvaluator, a_constant_scorer_scores_as_random_does) {
  // 40 items, 4 targets: expected Recall@10 = 10/40 = .25 and HR@1 = 4/40 = .1, whatever the targets' rows are.
  const int users = 4000;
  RankingEvaluator evaluator(40, {{RankingMetric::recall, 10}, {RankingMetric::hit_rate, 1}}, TieBreak(8));
  double recall = 0, hit_rate = 0;
  std::vector<double> values(2);
  for (int u = 0; u < users; ++u) {
    evaluator.evaluate(UserKey(static_cast<std::uint64_t>(u)), std::vector<float>(40, 0.0f), {}, items_of({0, 1, 2, 3}),
                       values);
    recall += values[0] / users;
    hit_rate += values[1] / users;
  }
  EXPECT_NEAR(recall, 0.25, 0.015);    // standard error about .0033
  EXPECT_NEAR(hit_rate, 0.10, 0.024);  // standard error .0047
}

}  // namespace
}  // namespace coldframe
