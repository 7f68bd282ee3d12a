#include "framework/training/group_gap.h"

#include <gtest/gtest.h>

#include "framework/training/contrastive_objective.h"
#include "framework/training/step_plan.h"
#include "tests/support/tiny_taste.h"
#include "tests/training/small_loss.h"

namespace coldframe {
namespace {

using testing::all_blocks;
using testing::small_batch;
using testing::unit_rows;
using testing::Whole;

/// Four anchors of groups 0, 1, 0 and none, each with 1 / 4 of the loss.
LossBatch four_anchors() {
  LossBatch batch;
  batch.anchor_rows = {0, 1, 2, 3};
  batch.groups = {0, 1, 0, -1};
  return batch;
}

// Losses 1, 5, 2, 9: M_0 = 1.5, M_1 = 5, one pair. Penalty .5 * 3.5^2 = 6.125. d / d M_0 = 2 * .5 * (1.5 - 5) = -3.5,
// over two anchors -1.75 each; d / d M_1 = 3.5 for its one.
TEST(GroupGapTest, of_two_groups_worked_by_hand) {
  const LossBatch batch = four_anchors();
  const std::vector<double> losses = {1, 5, 2, 9};
  const std::vector<double> sums = group_sums(batch, losses, 0, 2);
  EXPECT_EQ(sums, (std::vector<double>{3, 5}));
  const GroupGap gap = group_gap(batch, sums, 0.5);
  EXPECT_DOUBLE_EQ(gap.penalty, 6.125);
  EXPECT_DOUBLE_EQ(gap.gap, 3.5);
  EXPECT_EQ(gap.weights, (std::vector<double>{0.25 - 1.75, 0.25 + 3.5, 0.25 - 1.75, 0.25}));
}

// M = 1, 2, 4 of one anchor each: squares 1 + 9 + 4 over three pairs; d / d M_0 = 2 / 3 (-1 - 3).
TEST(GroupGapTest, of_three_groups_is_the_mean_over_pairs) {
  LossBatch batch = four_anchors();
  batch.groups = {0, 1, 3, -1};  // nobody of group 2 stands in the batch
  const std::vector<double> losses = {1, 2, 4, 9};
  const GroupGap gap = group_gap(batch, group_sums(batch, losses, 0, group_count(batch)), 1.0);
  EXPECT_NEAR(gap.penalty, 14.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(gap.gap, 3);
  EXPECT_NEAR(gap.weights[0], 0.25 - 8.0 / 3, 1e-12);
  EXPECT_NEAR(gap.weights[1], 0.25 - 2.0 / 3, 1e-12);
  EXPECT_NEAR(gap.weights[2], 0.25 + 10.0 / 3, 1e-12);
}

TEST(GroupGapTest, one_group_alone_has_none) {
  LossBatch batch = four_anchors();
  batch.groups = {1, 1, -1, -1};
  const GroupGap gap = group_gap(batch, group_sums(batch, std::vector<double>{1, 5, 2, 9}, 0, 2), 3.0);
  EXPECT_EQ(gap.penalty, 0);
  EXPECT_EQ(gap.gap, 0);
  EXPECT_EQ(gap.weights, std::vector<double>(4, 0.25));
}

/// The gradient under the weights against differences of loss + penalty; a third anchor has no group.
TEST(GroupGapTest, the_weights_give_the_gradient_of_loss_and_penalty) {
  LossBatch batch = small_batch();
  batch.groups = {0, 1, 1};
  batch.weights = {0.5, 0.2, 0.3};
  const at::Tensor rows = unit_rows(7, 8, 3);
  ContrastiveOptions options;
  options.initial_scale = 4;
  ContrastiveObjective objective(options);
  ParameterStore store;
  objective.attach(store);
  const auto gap_of = [&](const Whole& whole) { return group_gap(batch, group_sums(batch, whole.losses, 0, 2), 0.8); };
  const auto loss = [&] {
    const Whole plain = all_blocks(objective, batch, rows, store, 1);
    return plain.loss + gap_of(plain).penalty;
  };
  LossBatch reweighted = batch;
  reweighted.weights = gap_of(all_blocks(objective, batch, rows, store, 1)).weights;
  ASSERT_GT(gap_of(all_blocks(objective, batch, rows, store, 1)).penalty, 0.05);
  testing::expect_gradients(all_blocks(objective, reweighted, rows, store, 1), rows, store, 2e-3, loss);
}

// 10 users of one group and 30 of another: 40 / (2 * 10) and 40 / (2 * 30); with the square root 40 / sqrt(10) over
// sqrt(10) + sqrt(30).
TEST(GroupWeightsTest, make_groups_count_alike) {
  const std::vector<std::size_t> members = {10, 30, 0};
  const std::vector<double> whole = group_weights(members, 1.0);
  EXPECT_DOUBLE_EQ(whole[0], 2.0);
  EXPECT_DOUBLE_EQ(whole[1], 2.0 / 3);
  EXPECT_EQ(whole[2], 0.0);
  const std::vector<double> half = group_weights(members, 0.5);
  EXPECT_NEAR(half[0], 40 / std::sqrt(10.0) / (std::sqrt(10.0) + std::sqrt(30.0)), 1e-12);
  EXPECT_NEAR(10 * half[0] + 30 * half[1], 40, 1e-12);
  EXPECT_EQ(group_weights(members, 0.0)[0], 1.0);
}

TEST(GroupWeightsTest, reach_the_anchors_of_their_users) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0}, 1);
  std::vector<std::int32_t> groups;
  std::vector<double> weights;
  for (std::size_t user = 0; user < taste.sampled.size(); ++user) {
    groups.push_back(static_cast<std::int32_t>(user % 3) - 1);
    weights.push_back(1.0 + static_cast<double>(user));
  }
  BatchOptions batch;
  batch.pairs = 8;
  const StepPlanner planner({sampler, taste.texts, taste.likes, taste.item_count, {}, groups, weights}, batch,
                            CandidateRule::distinct_items);
  const StepPlan plan = planner.plan(1);
  const std::vector<TrainingPair> pairs = sampler.pairs(8, 8);
  ASSERT_EQ(plan.loss.groups.size(), 8u);
  for (std::size_t b = 0; b < 8; ++b) {
    EXPECT_EQ(plan.loss.groups[b], groups[pairs[b].user.value()]);
    EXPECT_DOUBLE_EQ(plan.loss.weight(b), weights[pairs[b].user.value()] / 8);
  }
}

}  // namespace
}  // namespace coldframe
