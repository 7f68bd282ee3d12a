#include "framework/reporting/pooled_runs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "framework/core/error.h"
#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

using testing::tiny_run;

NamedRun named(std::string name, const testing::TinyRun& what) { return {std::move(name), tiny_run(what)}; }

/// Runs that cannot be compared are refused with both names and the reason.
void expect_refused(std::vector<NamedRun> runs, const std::string& reason) {
  const std::string first = runs.front().name, last = runs.back().name;
  try {
    pool_runs(std::move(runs));
    FAIL() << "not refused: " << reason;
  } catch (const DataError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(reason), std::string::npos) << text;
    EXPECT_NE(text.find(first), std::string::npos) << text;
    EXPECT_NE(text.find(last), std::string::npos) << text;
  }
}

std::vector<NamedRun> two() { return {named("runs/a", {.variant = "lora"}), named("runs/b", {.variant = "full"})}; }

std::vector<NamedRun> changed(const std::function<void(RunRecord&)>& change) {
  std::vector<NamedRun> runs = two();
  change(runs.back().record);
  return runs;
}

TEST(PooledRuns, keep_one_line_per_baseline_and_one_per_strategy_row) {
  const PooledRuns pooled = pool_runs(two());
  std::vector<std::string> names;
  for (const PooledScorer& scorer : pooled.scorers) names.push_back(scorer.name);
  const std::vector<std::string> expected = {
      "random", "popularity",        "item-kNN", "frozen encoder",   "frozen encoder + item prior",
      "lora",   "lora + item prior", "full",     "full + item prior"};
  EXPECT_EQ(names, expected);
  EXPECT_EQ(pooled.shots, (std::vector<std::size_t>{0, 1, 3}));
  EXPECT_EQ(pooled.find("item-kNN")->find(0), nullptr);
  EXPECT_EQ(pooled.left_out, 7U);
}

TEST(PooledRuns, pool_folds_over_users_and_keep_seeds_apart) {
  std::vector<NamedRun> runs;
  for (const std::int64_t seed : {2, 1}) {
    for (const std::int64_t fold : {1, 0}) {
      runs.push_back(named(fmt::format("r{}", runs.size()),
                           {.seed = seed, .fold = fold, .users = static_cast<std::size_t>(40 + fold)}));
    }
  }
  const RunRecord first = tiny_run({.seed = 1, .fold = 0, .users = 40}),
                  second = tiny_run({.seed = 1, .fold = 1, .users = 41});
  const PooledRuns pooled = pool_runs(std::move(runs));
  EXPECT_EQ(pooled.users.size(), 81U);
  EXPECT_EQ(pooled.left_out, 14U);
  EXPECT_EQ(pooled.seeds, (std::vector<std::int64_t>{1, 2}));
  const PooledShot& shot = *pooled.find("lora")->find(0);
  ASSERT_EQ(shot.values.size(), 2U);
  std::vector<double> expected = first.newcomers[5].table.rows[0].values[0];
  const std::vector<double>& tail = second.newcomers[5].table.rows[0].values[0];
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(shot.values[0][0], expected);
  EXPECT_DOUBLE_EQ(shot.over_seeds(0)[3], (shot.values[0][0][3] + shot.values[1][0][3]) / 2);
  EXPECT_EQ(pooled.find("popularity")->find(0)->values.size(), 1U);
}

TEST(PooledRuns, keep_slices_and_groups_that_all_runs_share) {
  std::vector<NamedRun> runs = {{"a", tiny_run({.variant = "lora", .fold = 0})},
                                {"b", tiny_run({.variant = "lora", .fold = 1})},
                                {"c", tiny_run({.variant = "full", .fold = 0})},
                                {"d", tiny_run({.variant = "full", .fold = 1})}};
  const PooledRuns pooled = pool_runs(runs);
  EXPECT_EQ(pooled.cells.size(), 2u);
  ASSERT_EQ(pooled.groups.size(), 2u);
  EXPECT_EQ(pooled.groups[0].labels.size(), 80u) << "of both folds";
  const std::vector<double> tail = pooled.find("lora")->find(1)->cell_over_seeds(1);
  ASSERT_EQ(tail.size(), 80u);
  EXPECT_TRUE(std::isnan(tail[40]));
  EXPECT_DOUBLE_EQ(tail[41], runs[1].record.newcomers[5].table.rows[1].by_cell[1][1]);

  std::vector<NamedRun> other = runs;  // another log: other people have something to find in the tail
  other[2].record.newcomers.back().table.rows.front().by_cell[1][0] = 0.25;
  EXPECT_TRUE(pool_runs(other).cells.empty());
  other = runs;
  other[3].record.groups[0].labels[2] = "M";
  EXPECT_EQ(pool_runs(other).groups.size(), 1u);
  other[0].record.groups.clear();
  EXPECT_TRUE(pool_runs(other).groups.empty());
}

TEST(PooledRuns, give_a_baseline_of_its_own_to_a_variant_whose_values_differ) {
  const PooledRuns pooled =
      pool_runs(changed([](RunRecord& record) { record.newcomers[3].table.rows[0].values[0][0] += 0.5; }));
  ASSERT_NE(pooled.find("frozen encoder (full)"), nullptr);
  EXPECT_EQ(pooled.find("frozen encoder (full)")->variant, "full");
  EXPECT_EQ(pooled.find("popularity (full)"), nullptr);
}

TEST(PooledRuns, keep_only_chosen_numbers_of_likes_and_refuse_those_nobody_was_evaluated_with) {
  PooledRuns pooled = pool_runs(two());
  keep_shots(pooled, {});
  EXPECT_EQ(pooled.shots.size(), 3U);
  keep_shots(pooled, std::vector<std::size_t>{0});
  EXPECT_EQ(pooled.shots, (std::vector<std::size_t>{0}));
  EXPECT_EQ(pooled.find("item-kNN"), nullptr) << "it ranks by likes alone";
  ASSERT_NE(pooled.find("lora"), nullptr);
  EXPECT_EQ(pooled.find("lora")->rows.size(), 1U);
  EXPECT_EQ(pooled.find("lora")->rows[0].values, pool_runs(two()).find("lora")->find(0)->values);
  PooledRuns whole = pool_runs(two());
  try {
    keep_shots(whole, std::vector<std::size_t>{0, 5});
    FAIL() << "nobody was evaluated with 5";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("shots = 5 (the runs were evaluated with 0, 1, 3)"), std::string::npos)
        << error.what();
  }
}

TEST(PooledRuns, refuse_other_data) {
  expect_refused(changed([](RunRecord& record) { record.summary["identity"]["data"] = "d1"; }), "other data");
}

TEST(PooledRuns, refuse_other_roles) {
  expect_refused(changed([](RunRecord& record) { record.summary["roles"]["held_out"] = "H9"; }), "held_out");
  expect_refused(changed([](RunRecord& record) { record.summary["roles"]["train"] = "T9"; }), "train");
}

TEST(PooledRuns, refuse_other_users) {
  expect_refused(changed([](RunRecord& record) { record.newcomers[2].table.users[0] = UserKey(77); }), "other users");
}

TEST(PooledRuns, refuse_other_metrics) {
  expect_refused(changed([](RunRecord& record) { record.newcomers[2].table.metrics[0].k = 5; }), "other metrics");
}

TEST(PooledRuns, refuse_histories_that_enter_in_another_way) {
  expect_refused(changed([](RunRecord& record) { record.summary["evaluation"]["user_vector"] = "recompose"; }),
                 "histories");
}

TEST(PooledRuns, refuse_other_masked_likes_even_of_the_same_users) {
  expect_refused(changed([](RunRecord& record) { record.summary["evaluation"]["options"]["masked"] = 9; }),
                 "other masked likes");
}

TEST(PooledRuns, refuse_the_same_run_twice) {
  expect_refused({named("runs/a", {}), named("runs/b", {})}, "same variant, fold and seed");
}

TEST(PooledRuns, refuse_one_variant_with_two_recipes) {
  std::vector<NamedRun> runs = {named("runs/a", {.seed = 1}), named("runs/b", {.seed = 2})};
  runs.back().record.config["optimizer"]["learning_rate"] = 0.5;
  expect_refused(std::move(runs), "[optimizer] differs");
}

TEST(PooledRuns, refuse_a_grid_with_a_hole) {
  std::vector<NamedRun> runs = two();
  runs.push_back(named("runs/c", {.variant = "lora", .seed = 2}));
  try {
    pool_runs(std::move(runs));
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("full has no run of fold 0 with seed 2"), std::string::npos)
        << error.what();
  }
}

TEST(PooledRuns, refuse_folds_that_share_users) {
  std::vector<NamedRun> runs = {named("runs/a", {.fold = 0}), named("runs/b", {.fold = 1})};
  for (NewcomerRow& row : runs.back().record.newcomers) row.table.users = runs.front().record.newcomers[0].table.users;
  expect_refused(std::move(runs), "same user twice");
}

TEST(PooledRuns, refuse_runs_that_are_unfinished_or_not_evaluated) {
  expect_refused({{"runs/a",
                   [] {
                     RunRecord record = tiny_run({});
                     record.summary["finished"] = false;
                     return record;
                   }()}},
                 "not finished");
  expect_refused({{"runs/a",
                   [] {
                     RunRecord record = tiny_run({});
                     record.newcomers.clear();
                     return record;
                   }()}},
                 "was not evaluated");
}

}  // namespace
}  // namespace coldframe
