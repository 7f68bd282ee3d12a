#include "framework/reporting/poisoning_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

/// `users` newcomers: the target moves from place 10 to place 2 and its score up by .5 for all but every tenth, who
/// have met it; utility falls by about .1.
std::vector<PushedUser> pushed(std::size_t users) {
  std::vector<PushedUser> rows;
  for (std::size_t u = 0; u < users; ++u) {
    const double wobble = 0.001 * static_cast<double>(u % 7);
    PushedUser row{UserKey(u), {0.4, 0.3 + wobble}, {}};
    if (u % 10 != 0) {
      row.places[0] = {1, 0, 10, 0.25};
      row.places[1] = {1, 1, 2, 0.75};
    }
    rows.push_back(row);
  }
  return rows;
}

PoisoningInput input_of(std::size_t users) {
  PoisoningInput input;
  input.utility_name = "ndcg@10";
  input.what = "bandwagon attack";
  std::vector<PushedUser> steady = pushed(users);
  for (PushedUser& row : steady) row.utility[1] = row.utility[0], row.places[1] = row.places[0];
  input.scorers = {{"popularity", "baseline", steady}, {"lora", "strategy", pushed(users)}};
  input.targets = {{"i7", "Seven", 3, pushed(users)}, {"i8", "Eight", 9, {}}};
  return input;
}

TEST(PoisoningReport, tells_hits_places_scores_and_utility_on_both_sides) {
  const Json report = poisoning_report(input_of(100), {});
  const Json& rows = report["tables"][0]["rows"];
  ASSERT_EQ(rows.size(), 2u);
  const Json &still = rows[0], &lora = rows[1];
  EXPECT_EQ(lora["target_users"], 90);
  EXPECT_EQ(lora["hits_clean"], 0.0);
  EXPECT_EQ(lora["hits_gain"]["value"], 1.0);
  EXPECT_EQ(lora["place_change"]["value"], -8.0);
  EXPECT_EQ(lora["shift"]["value"], 0.5);
  EXPECT_NEAR(lora["utility_poisoned"].get<double>(), 0.303, 2e-4);
  EXPECT_NEAR(lora["loss"]["value"].get<double>(), 0.097, 2e-4);
  EXPECT_EQ(lora["verdict"], "loses");
  EXPECT_EQ(lora["pushed"], "pushed");
  EXPECT_EQ(still["loss"]["value"], 0.0);
  EXPECT_THAT(still["verdict"].get<std::string>(), StartsWith("not shown"));
  EXPECT_THAT(still["pushed"].get<std::string>(), StartsWith("not shown"));
  EXPECT_EQ(report["tables"][1]["rows"][0]["likes"], 3);
  EXPECT_THAT(poisoning_report_text(report), HasSubstr("bandwagon attack"));
  const Measures measures = report_measures("poisoning", report);
  EXPECT_EQ(measures.find("poisoning.strategy.hits_gain").value, 1.0);
  EXPECT_EQ(measures.find("poisoning.targets.i7.place_change").value, -8.0);
  EXPECT_FALSE(measures.find("poisoning.targets.i8.place_change").value) << "everybody has met it";
}

TEST(PoisoningReport, folds_of_one_seed_are_not_seeds) {
  PoisoningInput folds = input_of(100);
  folds.pairs = 5;
  const auto caveat = [](const PoisoningInput& input) {
    return poisoning_report(input, {})["limits"].dump().find("training seed");
  };
  EXPECT_NE(caveat(folds), std::string::npos);
  folds.seeds = 5;
  EXPECT_EQ(caveat(folds), std::string::npos);
}

TEST(PoisoningReport, a_dozen_newcomers_carry_no_claim_and_seeds_count_once) {
  const Json few = poisoning_report(input_of(12), {});
  EXPECT_EQ(few["tables"][0]["rows"][1]["verdict"], "too few");
  PoisoningInput seeds = input_of(100);
  for (PoisonedScorer& scorer : seeds.scorers) {
    const std::vector<PushedUser> again = scorer.users;
    scorer.users.insert(scorer.users.end(), again.begin(), again.end());
  }
  EXPECT_EQ(poisoning_report(seeds, {})["tables"][0]["rows"], poisoning_report(input_of(100), {})["tables"][0]["rows"]);
}

TEST(PoisoningReport, label_noise_has_no_targets) {
  PoisoningInput noise = input_of(100);
  noise.targets.clear();
  const Json report = poisoning_report(noise, {});
  ASSERT_EQ(report["tables"].size(), 1u);
  EXPECT_FALSE(report["tables"][0]["rows"][1].contains("hits_gain"));
  EXPECT_EQ(poisoning_report_text(report).find("fake users"), std::string::npos);
  EXPECT_EQ(report["tables"][0]["rows"][1]["verdict"], "loses");
}

}  // namespace
}  // namespace coldframe
