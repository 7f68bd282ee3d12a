#include "framework/reporting/calibration_report.h"

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

}  // namespace
}  // namespace coldframe
