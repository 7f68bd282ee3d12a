// The first promise under fair training and a noise-robust loss: group sums follow the fixed tree, so weights and
// metrics have the same bits on 1, 2, 3 and 4 ranks, whether ranks compute the whole loss or their own rows.

#include <gtest/gtest.h>

#include <cstring>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/training/contrastive_objective.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_bert.h"
#include "tests/support/tiny_taste.h"

namespace coldframe {
namespace {

struct Shape {
  int ranks = 1;
  int threads = 1;
  std::int64_t replicate_below = 1024;
};

struct Outcome {
  std::vector<StepReport> reports;
};

Outcome train(const Shape& shape, double gap_penalty, double robust_q, double r_drop = 0) {
  constexpr std::int64_t steps = 6;
  Outcome root;
  run_virtual_ranks(shape.ranks, [&](const Group& group) {
    testing::TinyModel model("lora");
    const testing::TinyTaste taste;
    LanePool pool(shape.threads);
    ContrastiveOptions options;
    options.robust_q = robust_q;
    options.r_drop = r_drop;
    ContrastiveObjective objective(options);
    objective.attach(model.parameters);
    const PairSampler sampler(taste.sampled, {0, 1, 3}, 5);
    BatchOptions batch;
    batch.pairs = 7;
    batch.extra_items = 5;
    batch.lanes = 4;
    batch.tokens = 48;
    std::vector<std::int32_t> groups;
    std::vector<double> weights;
    for (std::size_t user = 0; user < taste.sampled.size(); ++user) {
      groups.push_back(user % 5 == 4 ? -1 : static_cast<std::int32_t>(user % 5 % 3));
      weights.push_back(user % 3 == 0 ? 1.4 : 0.8);
    }
    const StepPlanner planner({sampler, taste.texts, taste.likes, taste.item_count, {}, groups, weights}, batch,
                              objective.candidate_rule(), objective.anchor_views());
    StepOptions step_options;
    step_options.replicate_below = shape.replicate_below;
    step_options.group_gap = gap_penalty;
    step_options.optimizer.learning_rate = 2e-3;
    step_options.schedule.steps = steps;
    TrainStep step(group, pool, *model.encoder, model.parameters, objective, step_options, nullptr,
                   model.strategies.training(steps));
    for (std::int64_t s = 0; s < steps; ++s) {
      const StepReport report = step.run(planner.plan(s), /*wants_stop=*/false);
      if (group.is_root()) root.reports.push_back(report);
    }
  });
  return root;
}

void expect_same_bits(const Outcome& expected, const Outcome& got, const std::string& what) {
  ASSERT_EQ(expected.reports.size(), got.reports.size());
  for (std::size_t s = 0; s < expected.reports.size(); ++s) {
    const StepReport &mine = expected.reports[s], &theirs = got.reports[s];
    EXPECT_EQ(mine.digest, theirs.digest) << "bits differ: " << what << ", step " << s;
    EXPECT_EQ(mine.loss, theirs.loss) << what;
    EXPECT_EQ(mine.gradient_norm, theirs.gradient_norm) << what;
    ASSERT_EQ(mine.groups.has_value(), theirs.groups.has_value());
    if (!mine.groups) continue;
    EXPECT_EQ(mine.groups->penalty, theirs.groups->penalty) << what;
    EXPECT_EQ(mine.groups->gap, theirs.groups->gap) << what;
  }
}

TEST(FairBitsTest, are_the_same_on_any_ranks_and_threads) {
  const Outcome expected = train({}, 2.0, 0.5);
  expect_same_bits(expected, train({1, 2}, 2.0, 0.5), "2 threads");
  expect_same_bits(expected, train({2, 1}, 2.0, 0.5), "2 ranks");
  expect_same_bits(expected, train({3, 1, 0}, 2.0, 0.5), "3 ranks, blocked loss");
  expect_same_bits(expected, train({4, 1, 0}, 2.0, 0.5), "4 ranks, blocked loss");
}

TEST(FairBitsTest, hold_with_two_views_of_an_anchor) {
  expect_same_bits(train({}, 2.0, 0, 0.5), train({3, 1, 0}, 2.0, 0, 0.5), "3 ranks, blocked loss");
}

TEST(FairBitsTest, the_penalty_and_the_robust_loss_train_something_else) {
  const Outcome plain = train({}, 0, 0), even = train({}, 2.0, 0), robust = train({}, 0, 0.5);
  EXPECT_FALSE(plain.reports[0].groups);
  ASSERT_TRUE(even.reports[0].groups);
  EXPECT_GT(even.reports[0].groups->gap, 0);
  EXPECT_FLOAT_EQ(static_cast<float>(plain.reports[0].loss), static_cast<float>(even.reports[0].loss))
      << "the loss is told without the penalty";
  EXPECT_NE(plain.reports.back().digest, even.reports.back().digest);
  EXPECT_NE(plain.reports.back().digest, robust.reports.back().digest);
}

}  // namespace
}  // namespace coldframe
