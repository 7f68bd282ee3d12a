#include "framework/reporting/measures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "framework/core/error.h"
#include "framework/reporting/report.h"
#include "framework/reporting/run_agreement.h"
#include "framework/reporting/simulation_agreement.h"
#include "tests/reporting/tiny_records.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::tiny_run;
using testing::tiny_simulation;

constexpr BootstrapOptions k_bootstrap{.replicates = 200, .level = 0.95, .seed = 1};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(MeasureWords, are_names_without_blanks) {
  EXPECT_EQ(measure_word("lora + item prior"), "lora+item_prior");
  EXPECT_EQ(measure_word("lora - full, k = 0"), "lora-full_k_0");
  EXPECT_EQ(measure_word("item-kNN"), "item-kNN");
  EXPECT_EQ(measure_word("ndcg@10"), "ndcg@10");
}

TEST(NewcomerMeasures, are_the_means_ratios_and_differences_of_the_record) {
  const RunRecord record = tiny_run({});
  const Measures measures = newcomer_measures(record, k_bootstrap);
  const std::vector<double>&popularity = record.newcomers[1].table.rows[0].values[0],
        &frozen_prior = record.newcomers[4].table.rows[0].values[0],
        &lora = record.newcomers[5].table.rows[0].values[0], &lora_prior = record.newcomers[6].table.rows[0].values[0];
  const Measure ndcg = measures.find("evaluation.ndcg@10.shot0");
  EXPECT_NEAR(*ndcg.value, mean(lora), 1e-12);
  EXPECT_EQ(ndcg.per_user, lora);
  EXPECT_EQ(ndcg.users, record.newcomers[5].table.users);
  EXPECT_TRUE(ndcg.interval->contains(*ndcg.value));
  EXPECT_NEAR(*measures.find("evaluation.ndcg@10.shot0.over_popularity").value, mean(lora) / mean(popularity), 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.ndcg@10.shot0.with_prior").value, mean(lora_prior), 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.ndcg@10.shot0.with_prior.minus_frozen_encoder").value,
              mean(lora_prior) - mean(frozen_prior), 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.ndcg@10.shot0.of_popularity").value, mean(popularity), 1e-12);
  EXPECT_EQ(*measures.find("cost.step_seconds").value, 7.5);
  EXPECT_EQ(*measures.find("evaluation.users").value, 40.0);
  EXPECT_FALSE(measures.contains("evaluation.ndcg@10.shot0.minus_item-kNN")) << "it has no row at k = 0";
  EXPECT_TRUE(measures.contains("evaluation.mrr@10.shot1.minus_item-kNN"));
  EXPECT_TRUE(measures.contains("evaluation.coverage.shot3.with_prior"));
  EXPECT_THROW(measures.find("evaluation.ndcg@10.shot9"), DataError);
}

TEST(SimulationMeasures, are_the_same_read_from_a_file) {
  testing::TemporaryFolder folder;
  const SimulationRecord record = tiny_simulation({"lora"});
  write_simulation_record(folder / "simulation.h5", record);
  const Measures measures = simulation_measures(record, k_bootstrap);
  const Measures stored =
      simulation_measures(std::make_shared<const SimulationRecordReader>(folder / "simulation.h5"), k_bootstrap);
  ASSERT_EQ(stored.names(), measures.names());
  for (const std::string& name : measures.names()) {
    const Measure a = measures.find(name), b = stored.find(name);
    EXPECT_EQ(std::tie(a.value, a.users, a.per_user), std::tie(b.value, b.users, b.per_user)) << name;
    ASSERT_EQ(a.interval.has_value(), b.interval.has_value()) << name;
    if (!a.interval) continue;
    EXPECT_EQ(std::pair(a.interval->low, a.interval->high), std::pair(b.interval->low, b.interval->high)) << name;
  }
}

TEST(SimulationMeasures, share_the_range_between_popularity_and_the_informed_oracle) {
  const SimulationRecord record = tiny_simulation({"lora"});
  const Measures measures = simulation_measures(record, k_bootstrap);
  const auto rate = [&](const char* policy) {
    return *measures.find(std::string("simulation.") + policy + ".expected").value;
  };
  const double lora = rate("lora"), popularity = rate("popularity"), oracle = rate("informed_oracle");
  EXPECT_NEAR(*measures.find("simulation.lora.share").value, (lora - popularity) / (oracle - popularity), 1e-9);
  EXPECT_NEAR(*measures.find("simulation.strategy.minus_popularity").value, lora - popularity, 1e-12);
  EXPECT_NEAR(*measures.find("simulation.lora.over_random").value, lora / rate("random"), 1e-12);
  EXPECT_EQ(measures.find("simulation.lora.expected").per_user[5], record.find("lora")->expected_rate(5));
  EXPECT_FALSE(
      simulation_measures(tiny_simulation({"lora", "full"}), k_bootstrap).contains("simulation.strategy.share"));
}

TEST(ReportMeasures, name_every_number_of_every_table) {
  VerdictRules rules;
  rules.bootstrap = k_bootstrap;
  rules.permutations = 99;
  const NamedSimulation simulation{"s.h5", tiny_simulation({"lora"})};
  const nlohmann::json report = make_report(pool_runs({{"r", tiny_run({})}}), {&simulation, 1}, rules);
  const Measures measures = report_measures("compare", report);
  const Measure quality = measures.find("compare.quality-ndcg@10.lora+item_prior.k3");
  EXPECT_TRUE(quality.interval && quality.interval->contains(*quality.value));
  EXPECT_EQ(measures.find("compare.quality-ndcg@10.strategy+item_prior.k3").value, quality.value);
  EXPECT_TRUE(measures.contains("compare.verdict-checkpoints.lora-popularity_k_0.holm_p"));
  EXPECT_FALSE(measures.contains("compare.verdict-checkpoints.lora-popularity_k_0.verdict"));
  EXPECT_TRUE(measures.contains("compare.ratio-to-popularity.lora.recall@20.k1"));
  EXPECT_TRUE(measures.contains("compare.simulation.lora.share"));
  EXPECT_TRUE(measures.contains("compare.strategies.lora.seconds"));
  EXPECT_FALSE(measures.find("compare.quality-ndcg@10.item-kNN.k0").value) << "no row at k = 0, so no value";
  EXPECT_EQ(to_json(measures).at("compare.quality-ndcg@10.lora.k0").at("value"),
            *measures.find("compare.quality-ndcg@10.lora.k0").value);
}

TEST(ReportMeasures, of_a_gap_that_no_row_can_state_have_no_value) {
  const nlohmann::json report = {
      {"facts", {{"strategies", {"lora"}}}},
      {"tables",
       {{{"id", "gaps"},
         {"columns",
          {{{"key", "scorer"}}, {{"key", "grouping"}}, {{"key", "worst"}}, {{"key", "gap"}}, {{"key", "mean"}}}},
         {"rows", {{{"scorer", "lora"}, {"grouping", "gender"}, {"worst", "F"}, {"mean", 0.5}}}}},
        {{"id", "robustness"},
         {"columns", {{{"key", "scorer"}}, {{"key", "shots"}}, {{"key", "severity"}}, {{"key", "loss"}}}},
         {"rows",
          {{{"scorer", "lora + item prior"},
            {"shots", 0},
            {"severity", 0.05},
            {"loss", {{"value", 0.1}, {"low", 0.0}, {"high", 0.2}}}}}}}}}};
  const Measures fairness = report_measures("fairness", report);
  EXPECT_FALSE(fairness.find("fairness.gaps.lora.gender.gap").value);
  EXPECT_EQ(*fairness.find("fairness.gaps.strategy.gender.mean").value, 0.5);
  EXPECT_FALSE(fairness.contains("fairness.gaps.lora.gender.worst"));
  const Measure loss = report_measures("robustness", report).find("robustness.strategy+item_prior.shot0.0.05.loss");
  EXPECT_EQ(loss.interval->high, 0.2);
}

void expect_refused(const std::function<void(RunRecord&)>& change, const std::string& reason) {
  const NamedRun present{"new", tiny_run({.variant = "full"})};
  NamedRun stored{"old", tiny_run({})};
  require_same_test(present, stored);
  change(stored.record);
  try {
    require_same_test(present, stored);
    FAIL() << reason;
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(reason));
    EXPECT_THAT(error.what(), HasSubstr("old"));
  }
}

TEST(StoredRuns, of_another_test_are_no_reference) {
  using nlohmann::json;
  expect_refused([](RunRecord& r) { r.summary["identity"]["data"] = "d1"; }, "other data");
  expect_refused([](RunRecord& r) { r.summary["roles"]["held_out"] = "H9"; }, "role held_out holds other users");
  expect_refused([](RunRecord& r) { r.summary["roles"]["train"] = "T9"; }, "role train holds other users");
  expect_refused([](RunRecord& r) { r.summary["evaluation"]["metric_definitions"] = 2; }, "version 1 and 2");
  expect_refused([](RunRecord& r) { r.summary["evaluation"]["options"]["masked"] = 5; }, "other masked likes");
  expect_refused([](RunRecord& r) { r.summary["fold"] = 1; }, "folds 0 and 1");
  expect_refused([](RunRecord& r) { r.newcomers[3].table.users.pop_back(); }, "other users");
  expect_refused([](RunRecord& r) { r.newcomers.clear(); }, "was not evaluated");
  expect_refused([](RunRecord& r) { r.summary["finished"] = false; }, "is not finished");
}

TEST(StoredSimulations, of_another_race_are_no_reference) {
  const NamedSimulation present{"new.h5", tiny_simulation({"full"})};
  require_same_race(present, {"old.h5", tiny_simulation({"lora"})});
  for (const auto& [key, value] : std::map<std::string, nlohmann::json>{{"data", "d1"},
                                                                        {"population_digest", "p1"},
                                                                        {"world", "topics-0"},
                                                                        {"lambda", 0.5},
                                                                        {"user_model", "pbm"},
                                                                        {"dynamics", {"fatigue"}},
                                                                        {"seed", 2},
                                                                        {"pages", 3}}) {
    NamedSimulation stored{"old.h5", tiny_simulation({"lora"})};
    stored.record.summary[key] = value;
    EXPECT_THROW(require_same_race(present, stored), DataError) << key;
  }
  EXPECT_THROW(require_same_race(present, {"old.h5", tiny_simulation({"lora"}, 50)}), DataError);
}

}  // namespace
}  // namespace coldframe
