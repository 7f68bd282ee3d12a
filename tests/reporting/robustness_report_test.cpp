#include "framework/reporting/robustness_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/report_files.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

RobustnessSeries series(const std::string& name, std::size_t users, double loss) {
  RobustnessSeries one{name, "A {age}", 0, {}, {}};
  NoisyResult result{"typos", 0.2, std::vector<std::vector<double>>(2), 0.6, 0.8, 0.85, 0.7};
  for (std::size_t u = 0; u < users; ++u) {
    const double wobble = 0.01 * static_cast<double>((u * 29) % 13) - 0.06;
    one.clean.push_back(0.5 + wobble);
    result.utility[0].push_back(0.5 - loss + 0.1 * wobble);
    result.utility[1].push_back(0.5 - 2 * loss + 0.1 * wobble);
  }
  one.results = {result};
  return one;
}

RobustnessInput input(std::size_t users, std::vector<RobustnessSeries> all) {
  RobustnessInput input{"ndcg@10", 10, {}, std::move(all), {"synonyms: left out"}, {}};
  for (std::size_t u = 0; u < users; ++u) input.users.emplace_back(50 + u);
  return input;
}

TEST(RobustnessReport, shows_mean_and_worst_draw_and_claims_a_planted_loss) {
  const Json report = robustness_report(input(52, {series("lora", 52, 0.1)}), {});
  const Json& row = report["tables"][0]["rows"][0];
  EXPECT_NEAR(row["clean"].get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(row["mean"].get<double>(), 0.35, 1e-12);
  EXPECT_NEAR(row["worst"].get<double>(), 0.3, 1e-12);
  EXPECT_NEAR(row["loss"]["value"].get<double>(), 0.15, 1e-12);
  EXPECT_NEAR(row["relative"].get<double>(), 0.3, 1e-12);
  EXPECT_EQ(row["verdict"], "loses");
  EXPECT_TRUE(report["tables"][1]["rows"].empty()) << "one scorer has nobody to stand beside";
  EXPECT_THAT(robustness_text(report), HasSubstr("synonyms: left out"));
  EXPECT_THAT(table_csv(report["tables"][0]), HasSubstr("loss,loss_low,loss_high"));
}

TEST(RobustnessReport, no_loss_comes_with_what_would_have_been_found) {
  const Json report = robustness_report(input(52, {series("lora", 52, 0.0)}), {});
  EXPECT_THAT(report["tables"][0]["rows"][0]["verdict"].get<std::string>(), HasSubstr("not shown (a mean of 0.0"));
}

TEST(RobustnessReport, radii_stand_as_quantiles_and_typos_as_means_over_users) {
  RobustnessInput with_radii = input(5, {series("lora", 5, 0.1)});
  const double none = std::numeric_limits<double>::infinity();
  // Typos: one of two and three of four reach the radius, 0 and one change the set: shares (.5 + .75) / 2, (0 + .25)
  // / 2.
  with_radii.certified = {
      {"lora",
       "A {age}",
       0,
       {0.4, 0.1, 0.3, 0.2, none},
       {0.1, 0.1, 0.1, 0.1, 0.1},
       {{UserKey(50), {0.1, 0.5}, 1, 0, 0.5, 0.4, 0.3}, {UserKey(51), {0.2, 0.3, 0.4, 0.05}, 3, 1, 0.6, 0.6, 0.2}}},
      {"lora", "A {age}", 3, {0.4, 0.1, 0.3, 0.2, none}, {0.1, 0.1, 0.1, 0.1, 0.1}, {}}};
  const Json report = robustness_report(with_radii, {});
  const Json& table = report["tables"][2];
  ASSERT_EQ(table["id"], "robustness-radius");
  const Json& row = table["rows"][0];
  EXPECT_NEAR(row["set_smallest"].get<double>(), 0.1, 1e-12);
  EXPECT_NEAR(row["set_50"].get<double>(), 0.3, 1e-12);
  EXPECT_TRUE(row["set_95"].is_null()) << "the largest radius is infinite";
  EXPECT_NEAR(row["order_50"].get<double>(), 0.1, 1e-12);
  EXPECT_EQ(row["typos"], 6);
  EXPECT_NEAR(row["shift_50"].get<double>(), 0.25, 1e-12);
  EXPECT_NEAR(row["reach"]["value"].get<double>(), 0.625, 1e-12);
  EXPECT_NEAR(row["change"]["value"].get<double>(), 0.125, 1e-12);
  EXPECT_NEAR(row["mean_loss"]["value"].get<double>(), 0.05, 1e-12);  // (.1 + 0) / 2
  EXPECT_NEAR(row["worst_loss"]["value"].get<double>(), 0.3, 1e-12);  // (.2 + .4) / 2
  EXPECT_FALSE(table["rows"][1].contains("reach")) << "no typos were tried at k = 3";
  with_radii.certified[1].set_radius.pop_back();
  EXPECT_THROW(robustness_report(with_radii, {}), DataError);
}

TEST(RobustnessReport, few_users_carry_no_claim) {
  const Json report = robustness_report(input(26, {series("lora", 26, 0.1)}), {});
  EXPECT_EQ(report["tables"][0]["rows"][0]["verdict"], "too few");
  EXPECT_THAT(robustness_text(report), HasSubstr("26 users: too few for any claim"));
}

TEST(RobustnessReport, losses_of_two_scorers_are_paired_by_user) {
  const Json report = robustness_report(input(52, {series("lora", 52, 0.1), series("full", 52, 0.02)}), {});
  const Json& row = report["tables"][1]["rows"][0];
  EXPECT_EQ(row["scorer"], "full");
  EXPECT_EQ(row["against"], "lora");
  EXPECT_NEAR(row["loss"]["value"].get<double>(), -0.12, 1e-12);
  EXPECT_EQ(row["verdict"], "gains");
}

TEST(RobustnessReport, utilities_of_other_users_are_refused) {
  EXPECT_THROW(robustness_report(input(52, {series("lora", 51, 0.1)}), {}), DataError);
}

}  // namespace
}  // namespace coldframe
