#include "framework/reporting/fairness_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr std::size_t k_users = 150, k_items = 40;

/// 60 women, 60 men, 30 of "X"; a strategy that serves women worse, and a fair baseline.
FairnessInput served_people() {
  FairnessInput input;
  input.utility_name = "ndcg@10";
  input.slate_length = 2;
  std::vector<std::string> gender, rare;
  std::vector<std::vector<std::string>> genres;
  ServedScorer strategy{"lora", "strategy", {}, {}}, baseline{"popularity", "baseline", {}, {}};
  for (std::uint32_t u = 0; u < k_users; ++u) {
    input.users.emplace_back(1000 + u);
    input.history_lengths.push_back(11 + u % 7);
    input.targets.push_back({ItemId(u % k_items)});
    input.candidates.push_back(k_items - 10);
    gender.push_back(u < 60 ? "F" : u < 120 ? "M" : "X");
    rare.push_back(u < 29 ? "few" : "");
    const double wobble = 0.01 * ((u * 37) % 11);
    strategy.utility.push_back((u < 60 ? 0.2 : 0.5) + wobble);
    baseline.utility.push_back(0.3 + wobble);
    strategy.slates.push_back({ItemId(u < 60 ? 0 : 1), ItemId(2 + u % 8)});
    baseline.slates.push_back({ItemId(0), ItemId(1)});
  }
  for (std::uint32_t i = 0; i < k_items; ++i) {
    genres.push_back({i % 2 == 0 ? "drama" : "comedy"});
    input.train_counts.push_back(i < 8 ? 100 - i : (i < 35 ? 1 : 0));
    input.item_keys.emplace_back(i);
  }
  input.groups = {Groups("gender", gender), Groups("rare", rare)};
  input.item_groups = ItemGroups::make("genres", genres);
  input.scorers = {baseline, strategy};
  return input;
}

const Json& table(const Json& report, const std::string& id) {
  for (const Json& one : report["tables"]) {
    if (one["id"] == id) return one;
  }
  throw std::runtime_error(id);
}

Json row(const Json& report, const std::string& id, const Json& wanted) {
  for (const Json& one : table(report, id)["rows"]) {
    const bool fits = std::all_of(wanted.items().begin(), wanted.items().end(),
                                  [&](const auto& cell) { return one.value(cell.key(), Json()) == cell.value(); });
    if (fits) return one;
  }
  return {};
}

class FairnessReport : public ::testing::Test {
 protected:
  FairnessInput input_ = served_people();
  Json report_ = fairness_report(input_, {});
};

TEST_F(FairnessReport, a_planted_gap_stands_out_of_its_null_and_an_even_baseline_does_not) {
  const Json unfair = row(report_, "gaps", {{"scorer", "lora"}, {"grouping", "gender"}});
  EXPECT_EQ(unfair["worst"], "F");
  EXPECT_EQ(unfair["best"], "M");
  EXPECT_NEAR(unfair["gap"].get<double>(), 0.3, 0.01);
  EXPECT_LT(unfair["null_95"].get<double>(), 0.1);
  EXPECT_LT(unfair["holm_p"].get<double>(), 0.05);
  EXPECT_GE(unfair["holm_p"].get<double>(), unfair["p"].get<double>());
  const Json fair = row(report_, "gaps", {{"scorer", "popularity"}, {"grouping", "gender"}});
  EXPECT_GT(fair["holm_p"].get<double>(), 0.05);
  const Json difference = row(report_, "gap-differences", {{"strategy", "lora"}, {"baseline", "popularity"}});
  EXPECT_NEAR(difference["difference"].get<double>(), 0.3, 0.01);
  EXPECT_LT(difference["holm_p"].get<double>(), 0.05);
}

TEST_F(FairnessReport, small_groups_show_a_number_or_none_and_enter_no_gap) {
  const Json thirty = row(report_, "groups", {{"scorer", "lora"}, {"group", "X"}});
  EXPECT_EQ(thirty["note"], "shown, in no gap");
  EXPECT_TRUE(thirty.contains("mean"));
  const Json few = row(report_, "groups", {{"scorer", "lora"}, {"group", "few"}});
  EXPECT_EQ(few["note"], "too few");
  EXPECT_FALSE(few.contains("mean"));
  EXPECT_FALSE(row(report_, "gaps", {{"scorer", "lora"}, {"grouping", "rare"}}).contains("gap"));
  const std::string text = fairness_text(report_);
  EXPECT_THAT(text, HasSubstr("rare: no gap can be stated"));
  EXPECT_THAT(text, HasSubstr("gender: fewer than 50 users, in no gap: X (30)"));
  EXPECT_THAT(text, HasSubstr("n/a (cosines predict no rating)"));
}

TEST_F(FairnessReport, parity_is_about_what_fills_the_slots) {
  // Women get drama 0 and one of items 2..9 in turn (half drama), men comedy 1 and the like: .75 against .25.
  const Json parity = row(report_, "parity", {{"scorer", "lora"}, {"item_group", "drama"}});
  EXPECT_NEAR(parity["difference"].get<double>(), 0.5, 0.02);
  EXPECT_EQ(row(report_, "parity", {{"scorer", "popularity"}, {"item_group", "drama"}})["difference"], 0.0);
}

TEST_F(FairnessReport, items_are_set_against_merit) {
  const Json lora = row(report_, "items", {{"scorer", "lora"}}),
             popular = row(report_, "items", {{"scorer", "popularity"}});
  EXPECT_EQ(popular["coverage"], 2.0 / k_items);
  EXPECT_EQ(popular["rarefied"], 2.0 / k_items);
  EXPECT_EQ(popular["cold_over_merit"], 0.0) << "five cold items have merit and are never shown";
  EXPECT_EQ(popular["cold_reached"], "0 of 5");
  EXPECT_EQ(popular["tail_share"]["value"], 0.0);
  EXPECT_GT(lora["tail_share"]["value"].get<double>(), 0.0);
  EXPECT_GT(lora["tail_treatment"].get<double>(), 0.0);
  EXPECT_LT(lora["inequity"].get<double>(), popular["inequity"].get<double>());
}

TEST_F(FairnessReport, order_of_users_changes_no_number) {
  FairnessInput turned = served_people();
  std::vector<std::string> gender(k_users), rare(k_users);
  for (std::size_t u = 0; u < k_users; ++u) {
    for (std::size_t g = 0; g < 2; ++g) {
      const std::int32_t group = turned.groups[g].of()[u];
      (g == 0 ? gender : rare)[k_users - 1 - u] =
          group < 0 ? "" : turned.groups[g].label(static_cast<std::size_t>(group));
    }
  }
  turned.groups = {Groups("gender", gender), Groups("rare", rare)};
  std::ranges::reverse(turned.users);
  std::ranges::reverse(turned.history_lengths);
  std::ranges::reverse(turned.targets);
  std::ranges::reverse(turned.candidates);
  for (ServedScorer& scorer : turned.scorers) {
    std::ranges::reverse(scorer.utility);
    std::ranges::reverse(scorer.slates);
  }
  EXPECT_EQ(fairness_report(turned, {}), report_);
}

/// Lists of two places with attention 1 and 1 / log2(3) = .631. Items 2 to 9 stand in the second place of everybody:
/// .631 / 1.631 = .387 of the attention. Re-ranked they stand in the first one for half of the people.
TEST(FairnessDifferences, strategies_of_a_kind_are_set_against_each_other_and_an_even_one_is_the_more_even) {
  FairnessInput input = served_people();
  ServedScorer even = input.scorers[1], unlike = input.scorers[1];
  even.name = "fair";
  for (std::size_t u = 0; u < k_users; ++u) even.utility[u] = 0.4 + 0.01 * ((u * 37) % 11);
  unlike.name = "lora + item prior";
  unlike.with_prior = true;
  input.scorers.push_back(unlike);
  input.scorers.push_back(even);
  const Json report = fairness_report(input, FairnessRules());
  const Json difference = row(report, "gap-differences", {{"strategy", "lora"}, {"baseline", "fair"}});
  EXPECT_NEAR(difference["difference"].get<double>(), 0.3, 0.02) << ".3 of women against men, set against none";
  EXPECT_LT(difference["p"].get<double>(), 0.01);
  std::size_t rows = 0;
  for (const Json& one : table(report, "gap-differences")["rows"]) {
    ++rows;
    EXPECT_FALSE(one["strategy"] == "lora" && one["baseline"] == "lora + item prior");
  }
  EXPECT_EQ(rows, 4u) << "three strategies against popularity, lora against fair";
}

TEST(FairnessLimits, too_few_permutations_for_holm_are_said_with_the_number_that_would_do) {
  FairnessRules rules;
  rules.permutations = 30;  // two rows of gaps: 2 / 31 > .05
  const std::string few = fairness_report(served_people(), rules)["limits"].dump();
  EXPECT_THAT(few, HasSubstr("gaps: nothing can be told from chance, since 30 permutations and Holm over 2 rows leave "
                             "no p below 0.065; give --permutations 40"));
  rules.permutations = 40;
  EXPECT_THAT(fairness_report(served_people(), rules)["limits"].dump(), ::testing::Not(HasSubstr("told from chance")));
}

TEST(FairnessReranking, tells_exposure_before_and_after_and_what_it_costs) {
  FairnessInput input = served_people();
  ServedScorer bound{"lora + tail 0.5", "reranked", {}, {}};
  for (std::size_t u = 0; u < k_users; ++u) {
    const std::vector<ItemId>& plain = input.scorers[1].slates[u];
    bound.slates.push_back(u % 2 == 0 ? plain : std::vector<ItemId>{plain[1], plain[0]});
    bound.utility.push_back(input.scorers[1].utility[u] - (u % 2 == 0 ? 0.0 : 0.04));
  }
  input.scorers.push_back(bound);
  Reranking reranking{"lora + tail 0.5", "lora", "tail", {}, 0.5, 0.25};
  for (std::uint32_t i = 2; i < 10; ++i) reranking.items.emplace_back(i);
  input.rerankings = {reranking};
  const Json report = fairness_report(input, {});
  const Json row = table(report, "reranking")["rows"][0];
  EXPECT_NEAR(row["before"]["value"].get<double>(), 0.6309298 / 1.6309298, 1e-6);
  EXPECT_NEAR(row["after"]["value"].get<double>(), 0.5, 1e-6) << "(.631 + 1) / 2 of 1.631";
  EXPECT_NEAR(row["loss"]["value"].get<double>(), 0.02, 1e-12);
  EXPECT_LT(row["holm_p"].get<double>(), 0.01);
  EXPECT_EQ(row["bonus"], 0.25);
  EXPECT_EQ(report["facts"]["strategies"], Json::array({"lora"})) << "lists that are bound are no other strategy";
  for (const Json& one : table(report, "gap-differences")["rows"]) EXPECT_NE(one["baseline"], "lora + tail 0.5");
  EXPECT_EQ(table(fairness_report(served_people(), {}), "items")["id"], "items");
}

}  // namespace
}  // namespace coldframe
