#include "framework/reporting/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/reporting/simulation_report.h"
#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;
using testing::tiny_run;

VerdictRules quick_rules() {
  VerdictRules rules;
  rules.permutations = 1999;  // Holm multiplies the smallest p of 1 / (1 + permutations) by the family
  rules.bootstrap.replicates = 300;
  return rules;
}

const Json& part(const Json& report, const char* list, const std::string& id) {
  for (const Json& one : report.at(list)) {
    if (one.at("id") == id) return one;
  }
  throw std::runtime_error("no " + id);
}

const Json& row(const Json& table, const std::string& key, const std::string& name) {
  for (const Json& one : table.at("rows")) {
    if (one.at(key) == name) return one;
  }
  throw std::runtime_error("no row " + name);
}

Json tiny_report(std::size_t seeds = 1, bool simulate = true) {
  std::vector<NamedRun> runs;
  for (std::size_t seed = 1; seed <= seeds; ++seed) {
    const auto number = static_cast<std::int64_t>(seed);
    runs.push_back({fmt::format("lora-{}", seed), tiny_run({.variant = "lora", .seed = number, .quality = 0.3})});
    runs.push_back({fmt::format("full-{}", seed), tiny_run({.variant = "full", .seed = number, .quality = 0.36})});
  }
  std::vector<NamedSimulation> simulations;
  if (simulate) simulations.push_back({"simulation.h5", testing::tiny_simulation({"lora", "full"})});
  return make_report(pool_runs(std::move(runs)), simulations, quick_rules());
}

TEST(Report, shows_means_and_paired_numbers_of_the_records) {
  const Json report = tiny_report();
  const RunRecord lora = tiny_run({.variant = "lora", .quality = 0.3});
  const double mine = lora.newcomers[5].table.rows[0].mean(0), popular = lora.newcomers[1].table.rows[0].mean(0);
  const double random = lora.newcomers[0].table.rows[0].mean(0);
  const Json& line = row(part(report, "tables", "strategies"), "strategy", "lora");
  EXPECT_NEAR(line["k0"]["value"].get<double>(), mine, 1e-9);
  EXPECT_NEAR(line["ratio"]["value"].get<double>(), mine / popular, 1e-6);
  EXPECT_NEAR(line["above_random"]["value"].get<double>(), mine - random, 1e-6);
  EXPECT_LT(line["above_random"]["low"].get<double>(), mine - random);
  EXPECT_EQ(line["trainable"], 3000);
  EXPECT_EQ(line["memory_mb"], 3000.0);
  EXPECT_EQ(line["steps"], 30.0);
  EXPECT_EQ(line["pairs"], 960.0);
  EXPECT_FALSE(row(part(report, "tables", "quality-ndcg@10"), "scorer", "item-kNN").contains("k0"));
}

TEST(Report, plots_what_the_tables_say) {
  const Json report = tiny_report();
  for (const Json& trace : part(report, "plots", "quality-ndcg@10").at("traces")) {
    const Json& line = row(part(report, "tables", "quality-ndcg@10"), "scorer", trace["name"]);
    for (std::size_t i = 0; i < trace["x"].size(); ++i) {
      const Json& cell = line.at("k" + trace["x"][i].dump());
      EXPECT_EQ(cell["value"], trace["y"][i]);
      EXPECT_EQ(cell["low"], trace["low"][i]);
      EXPECT_EQ(cell["high"], trace["high"][i]);
    }
  }
  EXPECT_EQ(part(report, "plots", "loss")["traces"][0]["x"].size(), 30U);
  EXPECT_EQ(part(report, "plots", "validation")["traces"][0]["x"].size(), 3U);
  EXPECT_EQ(part(report, "plots", "coverage")["traces"].size(), 9U);
}

// Every fifth of the 40 has nothing in the tail: 32 users. M are ten: too few. Head values are .9 of the user's own.
TEST(Report, shows_slices_and_groups_with_the_users_of_the_cell_alone) {
  const Json report = tiny_report();
  const RunRecord lora = tiny_run({.variant = "lora", .quality = 0.3});
  const auto line = [&](const char* table, const char* scorer, const char* cell) {
    for (const Json& one : part(report, "tables", table).at("rows")) {
      if (one.at("scorer") == scorer && one.at("group") == cell) return one;
    }
    throw std::runtime_error("no line");
  };
  const double mine = lora.newcomers[5].table.rows[0].mean(0), popular = lora.newcomers[1].table.rows[0].mean(0);
  const Json head = line("slice-popularity", "lora", "head"), tail = line("slice-popularity", "lora", "tail");
  EXPECT_EQ(head["users"], 40);
  EXPECT_NEAR(head["k0"]["value"].get<double>(), 0.9 * mine, 1e-6);
  EXPECT_NEAR(head["over_k0"]["value"].get<double>(), 0.9 * (mine - popular), 1e-6);
  EXPECT_LT(head["k0"]["low"].get<double>(), head["k0"]["value"].get<double>());
  EXPECT_EQ(tail["users"], 32);
  double sum = 0;
  const std::vector<double>& values = lora.newcomers[5].table.rows[0].values[0];
  for (std::size_t u = 0; u < values.size(); ++u) sum += u % 5 == 0 ? 0 : 0.5 * values[u];
  EXPECT_NEAR(tail["k0"]["value"].get<double>(), sum / 32, 1e-6);
  EXPECT_FALSE(line("slice-popularity", "popularity", "head").contains("over_k0"));

  const Json women = line("group-gender", "full", "F"), men = line("group-gender", "full", "M");
  EXPECT_EQ(women["users"], 30);
  EXPECT_TRUE(women.contains("k3"));
  EXPECT_EQ(men["size"], "too few");
  EXPECT_FALSE(men.contains("k0"));
  EXPECT_EQ(line("group-age-25-45", "full", "age below 25")["users"], 39) << "who has no value is in no group";
  const Json& plot = part(report, "plots", "group-gender");
  EXPECT_EQ(plot["traces"][0]["x"], Json::array({"F"})) << "no mark where there are too few";
}

TEST(Report, marks_what_no_strategy_dominates_in_quality_and_cost) {
  std::vector<NamedRun> runs = {{"a", tiny_run({.variant = "cheap", .quality = 0.2})},
                                {"b", tiny_run({.variant = "good", .quality = 0.4})},
                                {"c", tiny_run({.variant = "poor", .quality = 0.1})}};
  const std::vector<double> seconds = {1.0, 8.0, 20.0};
  for (std::size_t r = 0; r < 3; ++r) runs[r].record.summary["cost"]["step_seconds"] = seconds[r];
  const Json report = make_report(pool_runs(std::move(runs)), {}, quick_rules());
  const Json &table = part(report, "tables", "pareto"), &plot = part(report, "plots", "cost-seconds");
  EXPECT_EQ(row(table, "strategy", "cheap")["dominated_seconds"], "not dominated");
  EXPECT_EQ(row(table, "strategy", "good")["dominated_seconds"], "not dominated");
  EXPECT_EQ(row(table, "strategy", "poor")["dominated_seconds"], "by good");
  EXPECT_EQ(row(table, "strategy", "cheap")["dominated_memory"], "by good") << "all need the same memory";
  EXPECT_EQ(row(table, "strategy", "poor")["seconds"], 20.0);
  const auto trace = [&](const char* name) { return row(Json{{"rows", plot["traces"]}}, "name", name); };
  EXPECT_EQ(trace("cheap")["highlight"], true);
  EXPECT_EQ(trace("poor")["highlight"], false);
  EXPECT_EQ(trace("not dominated")["x"], (Json{1.0, 8.0}));
  EXPECT_EQ(trace("not dominated")["line"], true);
  EXPECT_EQ(trace("not dominated, item prior")["x"], (Json{1.0, 8.0}));
}

TEST(Report, claims_nothing_about_strategies_from_one_seed_but_judges_the_checkpoints) {
  const Json report = tiny_report();
  const Json& strategies = part(report, "tables", "verdict-strategies");
  ASSERT_FALSE(strategies["rows"].empty());
  for (const Json& line : strategies["rows"]) {
    EXPECT_EQ(line["verdict"], "not claimed");
    EXPECT_NE(line["reason"].get<std::string>().find("1 training seed"), std::string::npos);
  }
  const Json& line = row(part(report, "tables", "verdict-checkpoints"), "comparison", "lora - full, k = 0");
  EXPECT_EQ(line["verdict"], "worse") << line.dump(1);
  EXPECT_GT(line["detectable"].get<double>(), 0.0);
  EXPECT_LE(line["p"].get<double>(), line["holm_p"].get<double>());
}

TEST(Report, judges_strategies_from_five_seeds) {
  const Json report = tiny_report(5, false);
  const Json& line = row(part(report, "tables", "verdict-strategies"), "comparison", "lora - full, k = 0");
  EXPECT_NE(line["verdict"], "not claimed") << line.dump(1);
}

TEST(Report, says_its_limits_in_plain_words) {
  const std::string limits = tiny_report().at("limits").dump();
  for (const char* words : {"One fold (0)", "1 training seed:", "40 newcomers were tested; 7 were left out",
                            "has read about old films", "assumed model"}) {
    EXPECT_NE(limits.find(words), std::string::npos) << words << " in " << limits;
  }
  EXPECT_EQ(tiny_report(5, false).at("limits").dump().find("training seed"), std::string::npos);
}

TEST(Report, gives_the_share_of_the_attainable_range) {
  const Json report = tiny_report();
  const SimulationRecord record = testing::tiny_simulation({"lora", "full"});
  const auto mean = [&](const char* name) {
    double sum = 0;
    for (std::size_t u = 0; u < record.find(name)->users.size(); ++u) sum += record.find(name)->expected_rate(u);
    return sum / static_cast<double>(record.find(name)->users.size());
  };
  const Json& line = row(part(report, "tables", "simulation"), "policy", "lora");
  EXPECT_NEAR(line["expected"]["value"].get<double>(), mean("lora"), 1e-6);
  EXPECT_NEAR(line["share"]["value"].get<double>(),
              (mean("lora") - mean("popularity")) / (mean("informed oracle") - mean("popularity")), 1e-4);
  EXPECT_NEAR(row(part(report, "tables", "simulation"), "policy", "informed oracle")["share"]["value"].get<double>(),
              1.0, 1e-9);
}

TEST(Report, leaves_the_share_blank_when_the_range_may_be_nothing) {
  NamedSimulation simulation{"s.h5", testing::tiny_simulation({"lora"})};
  for (SimulatedPolicy& policy : simulation.record.policies) {
    if (policy.name == "informed oracle") policy.expected = simulation.record.find("popularity")->expected;
  }
  const Json report = make_report(pool_runs({{"a", tiny_run({})}}), {&simulation, 1}, quick_rules());
  for (const Json& line : part(report, "tables", "simulation")["rows"]) EXPECT_TRUE(line["share"].is_null());
}

TEST(Report, flags_a_strategy_at_or_below_random) {
  NamedSimulation simulation{"s.h5", testing::tiny_simulation({"lora"})};
  for (SimulatedPolicy& policy : simulation.record.policies) {
    if (policy.name == "lora") policy.expected = simulation.record.find("random")->expected;
  }
  const Json report = make_report(pool_runs({{"a", tiny_run({})}}), {&simulation, 1}, quick_rules());
  EXPECT_EQ(row(part(report, "tables", "simulation"), "policy", "lora")["flag"], "at or below random");
}

TEST(Report, names_the_axis_along_which_an_order_flips) {
  std::vector<NamedSimulation> simulations = {{"a.h5", testing::tiny_simulation({"lora", "full"})},
                                              {"b.h5", testing::tiny_simulation({"full", "lora"})}};
  simulations[1].record.summary["user_model"] = "dbn";
  const Json report = make_report(pool_runs({{"a", tiny_run({})}}), simulations, quick_rules());
  EXPECT_NE(report["limits"].dump().find("The order of lora and full flips along: user_model."), std::string::npos)
      << report["limits"].dump();
}

TEST(Report, names_the_files_where_no_axis_differs) {
  const std::vector<NamedSimulation> simulations = {{"a.h5", testing::tiny_simulation({"lora", "full"})},
                                                    {"b.h5", testing::tiny_simulation({"full", "lora"})}};
  EXPECT_THAT(order_flips(simulations), ::testing::ElementsAre("The order of lora and full flips along: a.h5, b.h5."));
}

TEST(Report, tells_simulations_apart_by_how_users_change) {
  std::vector<NamedSimulation> simulations = {{"a.h5", testing::tiny_simulation({"lora", "full"})},
                                              {"b.h5", testing::tiny_simulation({"full", "lora"})}};
  simulations[1].record.summary["dynamics"] = {"taste_drift 0.1", "satiation 2"};
  const Json report = make_report(pool_runs({{"a", tiny_run({})}}), simulations, quick_rules());
  EXPECT_NE(report["limits"].dump().find("The order of lora and full flips along: dynamics."), std::string::npos);
  const Json table = part(report, "tables", "simulation");
  EXPECT_EQ(table["rows"].front()["condition"], "softmax-0, lambda 1.0, mnl");
  EXPECT_EQ(table["rows"].back()["condition"], "softmax-0, lambda 1.0, mnl, taste_drift 0.1, satiation 2");
  EXPECT_GT(table["rows"].back()["pages"].get<double>(), 0.0);
}

TEST(Report, is_the_same_whatever_the_order_of_runs_of_a_variant) {
  std::vector<NamedRun> forward, backward;
  for (const std::int64_t seed : {1, 2, 3}) forward.push_back({fmt::format("r{}", seed), tiny_run({.seed = seed})});
  for (const std::int64_t seed : {3, 1, 2}) backward.push_back({fmt::format("r{}", seed), tiny_run({.seed = seed})});
  EXPECT_EQ(make_report(pool_runs(forward), {}, quick_rules()), make_report(pool_runs(backward), {}, quick_rules()));
}

}  // namespace
}  // namespace coldframe
