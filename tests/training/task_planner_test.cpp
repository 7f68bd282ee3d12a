#include "framework/training/task_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/tiny_stream.h"

namespace coldframe {
namespace {

using testing::tiny_continual;
using testing::TinyStream;

const Group k_alone;

TinyStream stream_of(const std::string& method) { return TinyStream(k_alone, "frozen", tiny_continual(method)); }

TEST(TaskPlannerTest, every_task_has_its_steps_and_counts_them_from_the_start) {
  const TinyStream stream = stream_of("naive");
  EXPECT_EQ(stream.planner->steps(), 24);
  const StepPlan plan = stream.planner->plan(17);
  EXPECT_EQ(plan.step, 17);
  EXPECT_EQ(plan.task, 2u);
  EXPECT_EQ(plan.task_step, 1);
  EXPECT_EQ(plan.loss.anchor_rows.size(), static_cast<std::size_t>(TinyStream::k_pairs));
  EXPECT_EQ(plan.reference, nullptr);
}

TEST(TaskPlannerTest, pairs_of_earlier_tasks_join_the_step) {
  const TinyStream stream = stream_of("replay");
  for (std::int64_t step = 0; step < 24; ++step) {
    const StepPlan plan = stream.planner->plan(step);
    const std::size_t replayed = step < TinyStream::k_steps ? 0 : 5;
    EXPECT_EQ(plan.loss.replayed.size(), replayed) << step;
    EXPECT_EQ(plan.loss.anchor_rows.size(), TinyStream::k_pairs + replayed);
    EXPECT_EQ(std::set<std::size_t>(plan.loss.replayed.begin(), plan.loss.replayed.end()).size(), replayed);
  }
}

TEST(TaskPlannerTest, a_plan_does_not_depend_on_what_was_asked_before) {
  const TinyStream one = stream_of("replay"), other = stream_of("replay");
  for (std::int64_t step = 0; step < 24; ++step) static_cast<void>(one.planner->plan(step));
  for (const std::int64_t step : {std::int64_t{20}, std::int64_t{9}, std::int64_t{16}}) {
    const StepPlan again = one.planner->plan(step), first = other.planner->plan(step);
    EXPECT_EQ(again.loss.replayed, first.loss.replayed);
    EXPECT_EQ(again.loss.candidate_items, first.loss.candidate_items);
    EXPECT_EQ(again.loss.log_inclusion, first.loss.log_inclusion);
  }
}

TEST(TaskPlannerTest, a_balanced_memory_holds_as_many_pairs_of_every_task_and_the_pairs_that_were_trained) {
  ContinualOptions options = tiny_continual("replay");
  options.memory_rule = "balanced";
  const TinyStream stream(k_alone, "frozen", options);
  const std::uint64_t of_task = TinyStream::k_steps * TinyStream::k_pairs;
  for (const std::size_t tasks : {std::size_t{3}, std::size_t{1}, std::size_t{2}}) {
    std::vector<std::size_t> held(tasks, 0);
    for (const RememberedPair& pair : stream.planner->memory_after(tasks)) {
      EXPECT_LT(pair.element, tasks * of_task);
      EXPECT_EQ(pair.task, pair.element / of_task);
      EXPECT_EQ(pair.pair.user.value() % 3, pair.task) << "users of TinyStream are dealt to tasks in turn";
      ++held[pair.task];
    }
    for (const std::size_t count : held) EXPECT_EQ(count, 24 / tasks);
  }
  // What comes back in the last task stands in places of the first two, twelve each at most.
  const StepPlan plan = stream.planner->plan(23);
  EXPECT_EQ(plan.loss.replayed.size(), 5u);
  EXPECT_NE(plan.loss.replayed, stream_of("replay").planner->plan(23).loss.replayed);
}

TEST(TaskPlannerTest, replayed_pairs_weigh_what_is_asked_of_der) {
  const TinyStream stream = stream_of("der");
  const StepPlan plan = stream.planner->plan(9);
  ASSERT_EQ(plan.loss.weights.size(), TinyStream::k_pairs + 5u);
  EXPECT_DOUBLE_EQ(plan.loss.weight(0), 1.0 / 7);
  EXPECT_DOUBLE_EQ(plan.loss.weight(7), 0.5 / 5);
  EXPECT_EQ(plan.loss.probe_rows.size(), 6u);
}

TEST(TaskPlannerTest, the_past_is_a_plan_of_its_own_for_agem) {
  const TinyStream stream = stream_of("agem");
  EXPECT_EQ(stream.planner->plan(3).reference, nullptr);
  const StepPlan plan = stream.planner->plan(12);
  ASSERT_NE(plan.reference, nullptr);
  EXPECT_EQ(plan.loss.anchor_rows.size(), static_cast<std::size_t>(TinyStream::k_pairs));
  EXPECT_EQ(plan.reference->loss.anchor_rows.size(), 5u);
  EXPECT_EQ(plan.reference->step, 12);
}

// Four held pairs like items 3, 3, 5, 8 and two are drawn: 3 is absent from C(2,2) of C(4,2) draws, 5 from 3 of 6.
TEST(StepPlannerTest, inclusion_counts_replayed_pairs) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0}, 3);
  BatchOptions batch;
  batch.pairs = 4;
  batch.extra_items = 6;
  const StepPlanner planner = taste.planner(sampler, batch, CandidateRule::distinct_items);
  ReplayedPairs past{
      {{UserId(0), ItemId(3), {}}, {UserId(1), ItemId(5), {}}}, {0, 2}, {ItemId(3), ItemId(3), ItemId(5), ItemId(8)}};
  const std::vector<float> alone = log_inclusion(sampler.positive_law(30), 4, 6);
  const StepPlan joined = planner.plan(2, past, {}), past_alone = planner.plan_of_past(2, past);
  const auto check = [&](const StepPlan& plan, std::uint32_t item, double absent) {
    const auto found = std::ranges::find(plan.loss.candidate_items, ItemId(item));
    ASSERT_NE(found, plan.loss.candidate_items.end());
    EXPECT_NEAR(plan.loss.log_inclusion[static_cast<std::size_t>(found - plan.loss.candidate_items.begin())],
                std::log(1 - absent), 1e-5)
        << "item " << item;
  };
  const auto absent_from_step = [&](std::size_t item) { return 1 - std::exp(static_cast<double>(alone[item])); };
  check(joined, 3, absent_from_step(3) / 6);
  check(joined, 5, absent_from_step(5) * 0.5);
  check(past_alone, 3, (1 - 6.0 / 30) / 6);
  check(past_alone, 5, (1 - 6.0 / 30) * 0.5);
}

}  // namespace
}  // namespace coldframe
