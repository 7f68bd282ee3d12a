#include "framework/reporting/summary.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Judgement judged(Verdict verdict, double value, double low, double high) {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.difference = {value, 0.001, Interval{low, high}, 100, 0};
  judgement.minimum_detectable_effect = 0.0072;
  judgement.reason = "1 training seed: a claim needs at least 5";
  return judgement;
}

VerdictRules rules_with(double smallest_effect) {
  VerdictRules rules;
  rules.smallest_effect = smallest_effect;
  return rules;
}

TEST(Summary, a_winner_stands_first_with_what_it_is_better_by) {
  EXPECT_EQ(verdict_phrase({"lora", "full", judged(Verdict::better, 0.0123, 0.01, 0.0146)}, {}),
            "lora is better than full by 0.0123 [0.0100, 0.0146]");
  EXPECT_EQ(verdict_phrase({"lora", "full", judged(Verdict::worse, -0.0123, -0.0146, -0.01)}, {}),
            "full is better than lora by 0.0123 [0.0100, 0.0146]");
}

TEST(Summary, equivalence_names_the_margin_and_no_decision_what_would_have_been_found) {
  EXPECT_EQ(verdict_phrase({"lora", "full", judged(Verdict::equivalent, 0.0003, -0.001, 0.0016)}, rules_with(0.005)),
            "lora and full are equivalent (0.0003 [-0.0010, 0.0016], within +-0.005)");
  EXPECT_EQ(verdict_phrase({"lora", "full", judged(Verdict::undecided, 0.001, -0.004, 0.006)}, {}),
            "lora or full is undecided (0.0010 [-0.0040, 0.0060]; 0.0072 would have been found in 80 %)");
  EXPECT_EQ(verdict_phrase({"lora", "full", judged(Verdict::not_claimed, 0.3, 0.2, 0.4)}, {}),
            "lora against full is not claimed (1 training seed: a claim needs at least 5)");
  Judgement undefined = judged(Verdict::undecided, 0.001, 0, 0);
  undefined.difference.interval.reset();
  EXPECT_THAT(verdict_phrase({"lora", "full", undefined}, {}), HasSubstr("0.0010 [interval undefined]"));
}

TEST(Summary, what_is_decided_comes_first_and_long_families_are_cut_with_their_number) {
  std::vector<JudgedPair> pairs = {{"a", "p", judged(Verdict::undecided, 0.1, -0.1, 0.3)},
                                   {"b", "p", judged(Verdict::better, 0.01, 0.005, 0.015)},
                                   {"c", "p", judged(Verdict::worse, -0.02, -0.03, -0.01)},
                                   {"d", "p", judged(Verdict::better, 0.001, 0.0005, 0.0015)}};
  EXPECT_EQ(verdict_sentence("Against p:", pairs, {}, 2),
            "Against p: p is better than c by 0.0200 [0.0100, 0.0300]; b is better than p by 0.0100 [0.0050, 0.0150]; "
            "a or p is undecided (0.1000 [-0.1000, 0.3000]; 0.0072 would have been found in 80 %); 1 more better or worse.");
  EXPECT_EQ(verdict_sentence("Against p:", {}, {}), "");
}

/// Findings about made-up runs; every number of the summary is one of theirs.
struct Case {
  PooledRuns runs;
  VerdictRules rules;

  explicit Case(std::size_t seeds, double full = 0.36) {
    rules.permutations = 1999;
    rules.bootstrap.replicates = 300;
    std::vector<NamedRun> records;
    for (std::size_t s = 1; s <= seeds; ++s) {
      const auto seed = static_cast<std::int64_t>(s);
      records.push_back({fmt::format("lora-{}", s), testing::tiny_run({.variant = "lora", .seed = seed, .quality = 0.3})});
      records.push_back({fmt::format("full-{}", s), testing::tiny_run({.variant = "full", .seed = seed, .quality = full})});
    }
    runs = pool_runs(std::move(records));
  }
  NewcomerFindings findings() const {
    return {runs, newcomer_numbers(runs, rules.bootstrap), judge_newcomers(runs, rules)};
  }
};

std::string bracketed(const Estimate& estimate) {
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", estimate.value, estimate.interval->low, estimate.interval->high);
}

TEST(Summary, says_what_the_numbers_of_the_report_say) {
  const Case made(1);
  const NewcomerFindings findings = made.findings();
  const std::vector<std::string> sentences = newcomer_summary(findings, made.rules);
  EXPECT_EQ(sentences.front(), "2 strategies of 1 fold and 1 training seed on 40 newcomers; what follows is about "
                               "ndcg@10, and brackets hold 95 % intervals.");
  const ShotNumbers& first = findings.numbers.front();
  const PooledScorer &lora = *made.runs.find("lora"), &full = *made.runs.find("full");
  const Estimate gain = first.difference(full, lora, 0);
  ASSERT_GT(gain.interval->low, 0.0) << "the case is made so that full is clearly better";
  EXPECT_THAT(sentences[1],
              AllOf(HasSubstr("k = 0, text alone: the largest value is that of full, " + bracketed(first.mean(full, 0))),
                    HasSubstr("times that of popularity"),
                    HasSubstr("Among the strategies: full is better than lora by " + bracketed(gain) + ".")));
  EXPECT_THAT(sentences[2], HasSubstr("k = 0, with item prior: the largest value is that of full + item prior"));
  EXPECT_THAT(sentences[3], HasSubstr("k = 3, text alone:"));
  EXPECT_THAT(sentences[5], HasSubstr(fmt::format("Holm over all {} differences", findings.verdicts.size())));
  EXPECT_EQ(sentences[6], "Which strategy is better when trained again is not claimed (1 training seed: a claim needs "
                          "at least 5).");
  // lora and full cost the same but for parameters, which grow with the name: full has as many as lora.
  EXPECT_EQ(sentences[7], "No other strategy is both as good (text alone, k = 0) and as cheap, by the values: trainable "
                          "parameters: full; seconds in steps: full; peak memory, MB: full.");
}

TEST(Summary, claims_about_strategies_come_from_their_own_verdicts) {
  const Case made(5);
  const NewcomerFindings findings = made.findings();
  const NewcomerVerdict* found = nullptr;
  for (const NewcomerVerdict& verdict : findings.verdicts) {
    if (verdict.shots == 0 && verdict.first == "lora" && verdict.second == "full") found = &verdict;
  }
  ASSERT_NE(found, nullptr);
  const std::string phrase = verdict_phrase({"lora", "full", found->strategies}, made.rules);
  EXPECT_NE(phrase, verdict_phrase({"lora", "full", found->checkpoints}, made.rules))
      << "the two verdicts have intervals of their own";
  bool said = false;
  for (const std::string& sentence : newcomer_summary(findings, made.rules)) {
    if (!sentence.starts_with("Trained again (5 seeds), k = 0, text alone:")) continue;
    said = true;
    EXPECT_THAT(sentence, HasSubstr(phrase));
  }
  EXPECT_TRUE(said);
}

TEST(Summary, strategies_of_equal_quality_are_no_finding) {
  Case made(1, 0.3);
  const std::vector<std::string> undecided = newcomer_summary(made.findings(), made.rules);
  EXPECT_THAT(undecided[1], HasSubstr("lora or full is undecided"));
  made.rules.smallest_effect = 0.2;
  const std::vector<std::string> equivalent = newcomer_summary(made.findings(), made.rules);
  EXPECT_THAT(equivalent[1], AllOf(HasSubstr("lora and full are equivalent"), HasSubstr("within +-0.2"),
                                   Not(HasSubstr("lora or full is undecided"))));
}

TEST(Summary, one_sentence_for_each_condition_of_simulated_newcomers) {
  const std::vector<SimulationVerdict> verdicts = {
      {"world-0, lambda 1, mnl", "lora", "popularity", judged(Verdict::better, 0.02, 0.01, 0.03)},
      {"world-1, lambda 1, mnl", "lora", "popularity", judged(Verdict::worse, -0.02, -0.03, -0.01)},
      {"world-0, lambda 1, mnl", "lora", "full", judged(Verdict::undecided, 0.001, -0.01, 0.01)}};
  EXPECT_THAT(simulation_summary(verdicts, {}),
              ElementsAre("Simulated newcomers (world-0, lambda 1, mnl), expected clicks per page, these checkpoints in "
                          "this world: lora is better than popularity by 0.0200 [0.0100, 0.0300]; lora or full is "
                          "undecided (0.0010 [-0.0100, 0.0100]; 0.0072 would have been found in 80 %).",
                          "Simulated newcomers (world-1, lambda 1, mnl), expected clicks per page, these checkpoints in "
                          "this world: popularity is better than lora by 0.0200 [0.0100, 0.0300]."));
}

TEST(Summary, limits_follow_from_what_was_given) {
  const auto all = [](const std::vector<std::string>& limits) {
    std::string text;
    for (const std::string& limit : limits) text += limit + '\n';
    return text;
  };
  Case made(1);
  EXPECT_THAT(all(summary_limits(made.runs, {}, made.rules)),
              AllOf(HasSubstr("One data set"), HasSubstr("One fold (0)"), HasSubstr("1 training seed: "),
                    HasSubstr("No smallest effect of interest is set"), HasSubstr("40 newcomers were tested; 7 were"),
                    Not(HasSubstr("No slices")), Not(HasSubstr("Simulated users"))));
  made = Case(5);
  made.rules.smallest_effect = 0.01;
  made.runs.cells.clear();
  const NamedSimulation simulation{"s.h5", testing::tiny_simulation({"lora"})};
  EXPECT_THAT(all(summary_limits(made.runs, {&simulation, 1}, made.rules)),
              AllOf(Not(HasSubstr("training seed")), Not(HasSubstr("No smallest effect")), HasSubstr("No slices"),
                    HasSubstr("Simulated users choose by an assumed model")));
}

}  // namespace
}  // namespace coldframe
