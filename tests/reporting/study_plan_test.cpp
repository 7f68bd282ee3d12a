#include "framework/reporting/study_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

/// A record of a world; other strategies, other luck.
NamedSimulation record(const std::string& world, const std::string& strategy = "lora", std::size_t users = 60) {
  NamedSimulation simulation{world + "-" + strategy + ".h5", testing::tiny_simulation({strategy, "full"}, users)};
  simulation.record.summary["world"] = world;
  return simulation;
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(StudyPlan, records_of_one_world_are_its_seeds) {
  const std::vector<NamedSimulation> records = {record("softmax-0"), record("softmax-1"), record("softmax-0", "other"),
                                                record("softmax-1", "other")};
  const MeasuredDifferences differences = simulated_differences(records, "full", "popularity");
  EXPECT_EQ(differences.seeds, 2u);
  ASSERT_EQ(differences.tables.size(), 2u);
  ASSERT_EQ(differences.tables[1].size(), 120u);
  const SimulationRecord& last = records[3].record;
  EXPECT_DOUBLE_EQ(differences.tables[1][60 + 7],
                   last.find("full")->expected_rate(7) - last.find("popularity")->expected_rate(7));
  EXPECT_THAT(differences.what, HasSubstr("full - popularity"));
}

NamedSimulation of_seed(NamedSimulation simulation, std::int64_t seed) {
  simulation.name += "-" + std::to_string(seed);
  simulation.record.summary["runs"] = {{{"variant", "lora"}, {"fold", 0}, {"seed", seed}}};
  for (SimulatedPolicy& policy : simulation.record.policies) {
    if (policy.name == "full") policy.expected[7] = static_cast<double>(seed);
  }
  return simulation;
}

TEST(StudyPlan, seeds_are_paired_by_their_number_whatever_the_order_of_the_files) {
  const NamedSimulation zero = record("softmax-0"), one = record("softmax-1");
  const auto tables = [](const std::vector<NamedSimulation>& records) {
    const MeasuredDifferences differences = simulated_differences(records, "full", "popularity");
    EXPECT_FALSE(differences.seeds_by_order);
    return differences.tables;
  };
  const auto ordered = tables({of_seed(zero, 3), of_seed(zero, 20), of_seed(one, 3), of_seed(one, 20)});
  EXPECT_EQ(tables({of_seed(zero, 20), of_seed(one, 3), of_seed(zero, 3), of_seed(one, 20)}), ordered);
  ASSERT_EQ(ordered.size(), 2u);
  const double pages = zero.record.find("full")->pages[7], against = zero.record.find("popularity")->expected_rate(7);
  EXPECT_DOUBLE_EQ(ordered[0][7], 3 / pages - against);
  EXPECT_DOUBLE_EQ(ordered[0][60 + 7], 20 / pages - against);
  const auto refused = [&](const std::vector<NamedSimulation>& records) {
    return refusal([&] { simulated_differences(records, "full", "popularity"); });
  };
  EXPECT_THAT(refused({of_seed(zero, 3), of_seed(zero, 20), of_seed(one, 3), of_seed(one, 4)}),
              HasSubstr("should be of one seed"));
  EXPECT_THAT(refused({of_seed(zero, 3), of_seed(zero, 3)}), HasSubstr("one world and one seed"));
}

TEST(StudyPlan, seeds_without_numbers_are_paired_by_the_order_of_the_files_and_the_plan_says_so) {
  const std::vector<NamedSimulation> records = {of_seed(record("softmax-0"), 2), record("softmax-0", "other")};
  const MeasuredDifferences differences = simulated_differences(records, "full", "popularity");
  EXPECT_TRUE(differences.seeds_by_order);
  StudyPlanInput input{
      differences.what, measure_components(differences.tables, differences.seeds), true, true, {}, {}, {}};
  EXPECT_THAT(study_plan_text(study_plan(input)), HasSubstr("by the order of the files"));
}

TEST(StudyPlan, records_that_differ_in_more_than_luck_are_refused) {
  const auto differences = [](const std::vector<NamedSimulation>& records, const char* policy = "lora") {
    return refusal([&] { simulated_differences(records, policy, "popularity"); });
  };
  std::vector<NamedSimulation> records = {record("softmax-0"), record("softmax-1")};
  EXPECT_EQ(differences(records), "accepted");
  EXPECT_THAT(differences(records, "pfeiffer"), AllOf(HasSubstr("no policy 'pfeiffer'"), HasSubstr("popularity")));
  EXPECT_THAT(differences({record("softmax-0"), record("softmax-1"), record("softmax-1")}),
              HasSubstr("the same seeds"));
  EXPECT_THAT(differences({record("softmax-0"), record("softmax-1", "lora", 30)}), HasSubstr("as many users"));
  records[1].record.summary["lambda"] = 0.125;
  EXPECT_THAT(differences(records), HasSubstr("differ in more than world and seed"));
  records = {record("softmax-0"), record("softmax-0")};
  for (SimulatedPolicy& policy : records[1].record.policies) ++policy.users.back();
  EXPECT_THAT(differences(records), HasSubstr("other users"));
}

TEST(StudyPlan, runs_give_a_table_of_seeds_and_users) {
  std::vector<NamedRun> runs;
  for (const std::int64_t seed : {1, 2, 3}) {
    runs.push_back({"seed-" + std::to_string(seed), testing::tiny_run({.seed = seed})});
  }
  const PooledRuns pooled = pool_runs(std::move(runs));
  const MeasuredDifferences differences = newcomer_differences(pooled, "lora", "popularity", 1, "recall@20");
  EXPECT_EQ(differences.seeds, 3u);
  ASSERT_EQ(differences.tables.size(), 1u);
  EXPECT_EQ(differences.tables[0].size(), 3 * pooled.users.size());
  EXPECT_DOUBLE_EQ(differences.tables[0][pooled.users.size() + 4],
                   pooled.find("lora")->find(1)->values[1][1][4] - pooled.find("popularity")->find(1)->values[0][1][4]);
  EXPECT_THAT(refusal([&] { newcomer_differences(pooled, "dora", "popularity", 0, "ndcg@10"); }),
              HasSubstr("no scorer 'dora'"));
  EXPECT_THAT(refusal([&] { newcomer_differences(pooled, "lora", "popularity", 7, "ndcg@10"); }), HasSubstr("k = 7"));
  EXPECT_THAT(refusal([&] { newcomer_differences(pooled, "lora", "popularity", 0, "ndcg@5"); }), HasSubstr("ndcg@5"));
}

StudyPlanInput stated() {
  StudyPlanInput input;
  input.what = "a difference";
  input.components = {0.0004, 0.0009, 0.0002, 0.04, 0.09, 0, 0, 0};
  input.target.effect = 0.05;
  input.cost = {10.0, 0.001, 2.0};
  return input;
}

TEST(StudyPlan, the_plan_is_the_cheapest_design_and_finds_the_effect) {
  const StudyPlanInput input = stated();
  const nlohmann::json report = study_plan(input);
  const auto best = plan_design(input.components, input.target, input.cost, input.limits);
  ASSERT_TRUE(best.has_value());
  const nlohmann::json& plan = report.at("facts").at("plan");
  EXPECT_EQ(plan.at("seeds"), best->seeds);
  EXPECT_EQ(plan.at("worlds"), best->worlds);
  EXPECT_EQ(plan.at("users"), best->users);
  EXPECT_DOUBLE_EQ(plan.at("minutes"), input.cost.of(*best));
  EXPECT_TRUE(report.at("facts").at("detectable_now").is_null());  // nothing was measured
  for (const nlohmann::json& row : report.at("tables")[1].at("rows")) {
    EXPECT_GE(row.at("minutes").get<double>(), plan.at("minutes").get<double>() - 1e-9);
    EXPECT_LE(std::stod(row.at("detectable").get<std::string>()), input.target.effect * 1.001);
  }
  EXPECT_THAT(study_plan_text(report), HasSubstr("cheapest design: "));
}

TEST(StudyPlan, what_no_number_of_users_can_find_is_said) {
  StudyPlanInput input = stated();
  input.target.effect = 0.001;  // 50 seeds alone leave sqrt(.0004 / 50) = .0028
  const nlohmann::json report = study_plan(input);
  EXPECT_TRUE(report.at("facts").at("plan").is_null());
  EXPECT_TRUE(report.at("tables")[1].at("rows").empty());
  EXPECT_THAT(study_plan_text(report), HasSubstr("no design within the limits"));
}

TEST(StudyPlan, what_was_not_measured_is_not_planned_for) {
  const std::vector<NamedSimulation> records = {record("softmax-0")};
  const MeasuredDifferences differences = simulated_differences(records, "lora", "popularity");
  StudyPlanInput input = stated();
  input.components = measure_components(differences.tables, differences.seeds);
  input.measured = true;
  input.limits = plannable(input.limits, input.components);
  const nlohmann::json report = study_plan(input);
  EXPECT_EQ(report.at("facts").at("plan").at("seeds"), 1);
  EXPECT_EQ(report.at("facts").at("plan").at("worlds"), 1);
  EXPECT_GT(report.at("facts").at("detectable_now").get<double>(), 0.0);
  EXPECT_THAT(
      study_plan_text(report),
      AllOf(HasSubstr("not measured"), HasSubstr("these checkpoints, not about strategies"), HasSubstr("one world")));
}

}  // namespace
}  // namespace coldframe
