#include "framework/reporting/calibration_verdicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

CalibratedScorer scorer(const std::string& name, std::size_t shots, std::size_t users, double loss) {
  CalibratedScorer made{name, shots, {}};
  for (std::size_t u = 0; u < users; ++u) {
    made.found.log_loss.push_back(loss + 0.01 * static_cast<double>(u % 3));
    made.found.brier.push_back(0.02);
    made.found.expected.push_back(u % 2 == 0 ? 30.0 : 10.0);
    made.found.likes.push_back(20.0);
  }
  made.found.error = {0.004, 0.02, 0.001};
  made.found.null_error = 0.001;
  if (name != "base rate") made.found.line = CalibrationLine{0.1, 0.9};
  return made;
}

CalibrationInput input_of(std::size_t users) {
  CalibrationInput input;
  input.strategy = "lora";
  input.fitted_on = 94;
  UserLabels gender{"gender", {}};
  for (std::size_t u = 0; u < users; ++u) {
    input.users.emplace_back(u);
    gender.labels.emplace_back(u == 0 ? "" : u % 2 == 0 ? "F" : "M");
  }
  input.groups = {gender};
  for (const std::size_t k : {std::size_t{0}, std::size_t{10}}) {
    input.scorers.push_back(scorer("lora", k, users, 0.1));
    input.scorers.push_back(scorer("base rate", k, users, 0.15));
  }
  return input;
}

TEST(CalibrationReport, sets_log_loss_beside_the_base_rate_at_every_k) {
  const Json report = calibration_report(input_of(120), {});
  const Json& rows = report["tables"][0]["rows"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_NEAR(rows[0]["log_loss"]["value"].get<double>(), 0.11, 1e-12);
  EXPECT_NEAR(rows[0]["over_base"]["value"].get<double>(), -0.05, 1e-12);
  EXPECT_NEAR(rows[0]["over_base"]["high"].get<double>(), -0.05, 1e-12) << "the same for every newcomer";
  EXPECT_NEAR(rows[0]["in_the_large"]["value"].get<double>(), 1.0, 1e-12) << "groups hide behind the mean";
  EXPECT_EQ(rows[1]["over_base"]["value"], 0.0);
  EXPECT_TRUE(rows[1]["slope"].is_null());
  EXPECT_THAT(calibration_text(report), HasSubstr("fitted on role V"));
}

TEST(CalibrationReport, shows_by_group_what_the_mean_hides) {
  const Json report = calibration_report(input_of(120), {});
  ASSERT_EQ(report["tables"].size(), 2u);
  const Json& rows = report["tables"][1]["rows"];
  ASSERT_EQ(rows.size(), 4u) << "k = 0 alone, two scorers, two groups";
  EXPECT_EQ(rows[0]["group"], "F");
  EXPECT_EQ(rows[0]["users"], 59);
  EXPECT_NEAR(rows[0]["in_the_large"]["value"].get<double>(), 1.5, 1e-12);
  EXPECT_NEAR(rows[1]["in_the_large"]["value"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(calibration_report(input_of(60), {})["tables"].size(), 1u) << "groups of 30 are too small";
}

TEST(CalibrationReport, its_numbers_are_measures_of_an_evaluated_run_and_stand_in_reports) {
  NamedRun run{"runs/a", {}};
  run.record.summary = {{"variant", "lora"}, {"calibration", calibration_report(input_of(120), {})}};
  const Measures measures = newcomer_measures(run.record, {});
  EXPECT_NEAR(*measures.find("evaluation.calibration.strategy.shot0.log_loss").value, 0.11, 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.calibration.base_rate.shot10.ece").value, 0.004, 1e-12);
  EXPECT_TRUE(measures.contains("evaluation.calibration-groups.strategy.gender.F.in_the_large"));
  Json tables = Json::array();
  NamedRun plain{"runs/b", {}};
  plain.record.summary = {{"variant", "full"}};
  add_calibration(tables, std::vector{plain});
  EXPECT_TRUE(tables.empty());
  add_calibration(tables, std::vector{plain, run});
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0]["rows"][0]["run"], "runs/a");
}

/// Two items that every second newcomer likes; predictions that err by `bias` for men alone.
CalibrationInput rated_input(std::size_t users, double bias) {
  CalibrationInput input = input_of(users);
  for (std::size_t u = 0; u < users; ++u) {
    input.history_lengths.push_back(10 + u % 7);
    for (std::uint32_t item = 0; item < 2; ++item) {
      input.rated.items.push_back(item);
      input.rated.ratings.push_back((u / 2 + item) % 2 == 0 ? 1.0 : 0.0);
      input.scorers[0].probabilities.push_back(u % 2 == 0 ? 0.5 : 0.5 + bias);
    }
    input.rated.ends.push_back(input.rated.items.size());
  }
  input.rated.users = input.users;
  return input;
}

TEST(CalibrationReport, tells_how_unevenly_groups_are_predicted_beside_chance) {
  const Json report = calibration_report(rated_input(120, 0.4), {});
  ASSERT_EQ(report["tables"].size(), 3u);
  const Json& rows = report["tables"][2]["rows"];
  ASSERT_EQ(rows.size(), 1u) << "one of two groups, the scorer whose probabilities are known";
  EXPECT_EQ(rows[0]["group"], "F");
  EXPECT_EQ(rows[0]["users"], 59);
  EXPECT_NEAR(rows[0]["value"].get<double>(), 0.4, 0.02) << "59 women and 60 men like nearly equally often";
  EXPECT_NEAR(rows[0]["over"].get<double>(), 0.4, 0.02);
  EXPECT_NEAR(rows[0]["under"].get<double>(), 0.0, 0.02);
  EXPECT_NEAR(rows[0]["non_parity"].get<double>(), 0.4, 1e-12);
  EXPECT_LT(rows[0]["value_null_95"].get<double>(), 0.3);
  EXPECT_EQ(rows[0]["p"], 1.0 / 200);
  EXPECT_EQ(rows[0]["holm_p"], rows[0]["p"]);
  const Json even = calibration_report(rated_input(120, 0.0), {});
  EXPECT_LT(even["tables"][2]["rows"][0]["value"].get<double>(), 0.02);
  EXPECT_GT(even["tables"][2]["rows"][0]["p"].get<double>(), 0.5);
  EXPECT_EQ(calibration_report(rated_input(80, 0.4), {})["tables"].size(), 1u) << "groups of 40 are too small";

  NamedRun run{"runs/a", {}};
  run.record.summary = {{"variant", "lora"}, {"calibration", report}};
  EXPECT_NEAR(*newcomer_measures(run.record, {}).find("evaluation.unfairness.strategy.gender.F.non_parity").value, 0.4,
              1e-12);
  Json tables = Json::array();
  add_calibration(tables, std::vector{run});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[1]["id"], "unfairness");
  EXPECT_EQ(tables[1]["rows"][0]["run"], "runs/a");
}

NamedRun calibrated_run(const std::string& variant, std::int64_t seed, std::size_t users, double loss) {
  CalibrationInput input;
  input.strategy = variant;
  for (std::size_t u = 0; u < users; ++u) input.users.emplace_back(u);
  for (const std::size_t k : {std::size_t{0}, std::size_t{3}}) {
    input.scorers.push_back(scorer(variant, k, users, loss + 0.05 * static_cast<double>(k)));
    input.scorers.push_back(scorer(variant + " + item prior", k, users, 0.1));
    input.scorers.push_back(scorer("item prior", k, users, 0.1));
    input.scorers.push_back(scorer("base rate", k, users, 0.15));
  }
  NamedRun run{"runs/" + variant, {}};
  run.record.summary = {{"variant", variant}, {"seed", seed}, {"fold", 0}};
  run.record.calibrated = calibrated_people(input);
  return run;
}

TEST(CalibrationVerdicts, pair_runs_by_newcomer_where_the_same_people_were_asked) {
  const std::size_t k_shots[] = {0, 3};
  const std::vector<NamedRun> runs = {calibrated_run("lora", 1, 60, 0.10), calibrated_run("full", 1, 60, 0.12),
                                      calibrated_run("other_seed", 2, 60, 0.12), calibrated_run("others", 1, 61, 0.12)};
  Json tables = Json::array();
  add_calibration_verdicts(tables, runs, k_shots, {});
  ASSERT_EQ(tables.size(), 1u);
  const Json& rows = tables[0]["rows"];
  ASSERT_EQ(rows.size(), 4u) << "two k, text alone and with item prior";
  EXPECT_EQ(rows[0]["comparison"], "lora - full, k = 0");
  EXPECT_NEAR(rows[0]["difference"]["value"].get<double>(), 0.02, 1e-12) << "the smaller loss is the larger likelihood";
  EXPECT_EQ(rows[0]["verdict"], "better");
  EXPECT_EQ(rows[2]["comparison"], "lora - full, k = 0, with item prior");
  EXPECT_EQ(rows[2]["difference"]["value"], 0.0);
  EXPECT_EQ(rows[2]["verdict"], "undecided");
  Json few = Json::array();
  add_calibration_verdicts(few, std::vector{calibrated_run("a", 1, 12, 0.1), calibrated_run("b", 1, 12, 0.2)}, k_shots,
                           {});
  EXPECT_EQ(few[0]["rows"][0]["verdict"], "not claimed");
  Json none = Json::array();
  add_calibration_verdicts(none, std::vector{runs[0], runs[2]}, k_shots, {});
  NamedRun older{"runs/older", {}};
  older.record.summary = {{"variant", "older"}, {"seed", 1}, {"fold", 0}};
  add_calibration_verdicts(none, std::vector{runs[0], older}, k_shots, {});
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace coldframe
