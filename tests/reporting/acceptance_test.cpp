#include "framework/reporting/acceptance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

FreeValue line(std::string key, std::string text) {
  return {std::move(key), std::move(text), {Origin::Source::file, "gate.ini", 3}};
}

/// 200 users around .3; `loss` is taken from each of them.
Measures user_measures(double loss, std::uint64_t first_user = 0) {
  std::vector<UserKey> users;
  std::vector<double> values;
  const KeyedRandom random(3, Purpose::population);
  for (std::uint64_t u = 0; u < 200; ++u) {
    users.emplace_back(first_user + u);
    values.push_back(0.2 + 0.2 * random.uniform(UserKey(u)) - loss);
  }
  Measures measures;
  measures.add("evaluation.ndcg@10.shot0", [=] {
    return Measure{0.3 - loss, true, Interval{0.29 - loss, 0.31 - loss}, users, values};
  });
  measures.add("evaluation.ndcg@10.shot0.over_popularity", [] {
    return Measure{0.8, true, Interval{0.7, 0.9}, {}, {}};
  });
  measures.add("evaluation.broken", [] { return Measure{0.5, true, std::nullopt, {}, {}}; });
  measures.add_value("cost.step_seconds", 7.5);
  measures.add_value("cost.nothing", std::nullopt);
  return measures;
}

std::vector<AcceptanceResult> check(const std::vector<FreeValue>& bounds, double reference_loss = 0.0,
                                    std::uint64_t reference_users = 0) {
  static const std::vector<std::string> words = {"evaluation", "cost"};
  const Measures mine = user_measures(0.0), theirs = user_measures(reference_loss, reference_users);
  NonInferiorityRules rules;
  rules.bootstrap.replicates = 400;
  return check_expectations(
      bounds, words, mine, [&](const std::string&) -> const Measures& { return theirs; }, rules);
}

Acceptance outcome(const std::string& key, const std::string& text, double reference_loss = 0.0) {
  return check({line(key, text)}, reference_loss).at(0).outcome;
}

TEST(Expectations, compare_values_and_both_ends_of_intervals) {
  const std::string ndcg = "evaluation.ndcg@10.shot0";
  EXPECT_EQ(outcome(ndcg, ">= 0.30"), Acceptance::met);
  EXPECT_EQ(outcome(ndcg, "> 0.30"), Acceptance::missed);
  EXPECT_EQ(outcome(ndcg, "<=0.3"), Acceptance::met);
  EXPECT_EQ(outcome(ndcg, "< 0.3"), Acceptance::missed);
  EXPECT_EQ(outcome(ndcg + ".low", ">= 0.29"), Acceptance::met);
  EXPECT_EQ(outcome(ndcg + ".low", ">= 0.30"), Acceptance::missed);
  EXPECT_EQ(outcome(ndcg + ".high", "< 0.31"), Acceptance::missed);
  EXPECT_EQ(outcome(ndcg + ".over_popularity.high", "<= 0.9"), Acceptance::met);
  EXPECT_EQ(outcome("cost.step_seconds", "< 1e1"), Acceptance::met);
  EXPECT_EQ(check({line(ndcg, ">= 0.35")})[0].reason, "off by 0.0500");
  EXPECT_EQ(check({line(ndcg, ">= 0.35")})[0].found, "0.3000 [0.2900, 0.3100]");
}

TEST(Expectations, a_number_without_a_value_decides_nothing) {
  EXPECT_EQ(outcome("cost.nothing", "> -1e9"), Acceptance::undecided);
  EXPECT_EQ(outcome("cost.nothing.low", "> -1e9"), Acceptance::undecided);
  EXPECT_EQ(outcome("evaluation.broken", ">= 0.5"), Acceptance::met);
  EXPECT_EQ(outcome("evaluation.broken.low", "> 0"), Acceptance::undecided);
}

TEST(Expectations, a_margin_to_a_run_has_three_outcomes) {
  const std::string ndcg = "evaluation.ndcg@10.shot0";
  // The reference is better by a constant, so the interval of the difference is that constant.
  EXPECT_EQ(outcome(ndcg, "within 0.02 of a/b c", -0.01), Acceptance::met);
  EXPECT_EQ(outcome(ndcg, "within 0.02 of a/b c", -0.03), Acceptance::missed);
  EXPECT_EQ(outcome(ndcg, "within 5% of x", -0.01), Acceptance::met) << "5 % of .31 are .0155";
  EXPECT_EQ(outcome(ndcg, "within 5 % of x", -0.02), Acceptance::missed);
  const AcceptanceResult missed = check({line(ndcg, "within 0.02 of x")}, -0.03)[0];
  EXPECT_EQ(missed.found, "-0.0300 [-0.0300, -0.0300]");
  EXPECT_EQ(missed.reason, "worse by more than 0.0200");
}

TEST(Expectations, other_commands_bounds_are_passed_over) {
  EXPECT_TRUE(
      check({line("robustness.lora.shot0.typos.0.1.loss", "< 0.01"), line("simulation.lora.share", "> 0")}).empty());
}

void expect_refused(const FreeValue& bound, const std::string& words) {
  try {
    check({bound});
    FAIL() << bound.key << " = " << bound.text;
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr(words));
    EXPECT_THAT(error.what(), HasSubstr("gate.ini:3"));
  }
}

TEST(Expectations, say_what_is_wrong_with_a_bound) {
  expect_refused(line("evaluation.ndgc@10.shot0", "> 0"), "did you mean evaluation.ndcg@10.shot0?");
  expect_refused(line("evalution.ndcg@10.shot0", "> 0"), "did you mean evaluation?");
  expect_refused(line("cost.step_seconds.low", "> 0"), "cost.step_seconds has no interval");
  expect_refused(line("cost.step_seconds", "within 1 of x"), "no mean over users");
  expect_refused(line("evaluation.ndcg@10.shot0.low", "within 1 of x"), "no mean over users");
  for (const char* text : {"0.3", "= 0.3", ">= ", ">= nan", ">= inf", ">= 0.3 or so", "within 0.1", "within 0.1 of ",
                           "within -0.1 of x", "within 101 % of x", "within of x", "> 1e999", ""}) {
    expect_refused(line("cost.step_seconds", text), "must be a comparison");
  }
}

TEST(Expectations, refuse_a_reference_with_other_users_or_without_the_measure) {
  EXPECT_THROW(check({line("evaluation.ndcg@10.shot0", "within 0.1 of x")}, 0.0, 500), DataError);
  const Measures mine = user_measures(0.0), empty;
  const std::vector<std::string> words = {"evaluation"};
  const std::vector<FreeValue> bounds = {line("evaluation.ndcg@10.shot0", "within 0.1 of x")};
  const auto reference = [&](const std::string&) -> const Measures& { return empty; };
  EXPECT_THROW(check_expectations(bounds, words, mine, reference, {}), DataError);
}

TEST(Expectations, a_miss_weighs_more_than_a_doubt) {
  const AcceptanceResult met{"a", "> 0", "1", Acceptance::met, ""}, missed{"b", "> 0", "0", Acceptance::missed, "off"},
      undecided{"c", "> 0", "-", Acceptance::undecided, "few"};
  EXPECT_EQ(exit_code(std::vector{met}), ExitCode::done);
  EXPECT_EQ(exit_code(std::vector<AcceptanceResult>{}), ExitCode::done);
  EXPECT_EQ(exit_code(std::vector{met, undecided}), ExitCode::undecided);
  EXPECT_EQ(exit_code(std::vector{undecided, missed}), ExitCode::expectation_missed);
  EXPECT_EQ(acceptance_text({}), "");
  EXPECT_EQ(acceptance_text(std::vector{met, missed, undecided}),
            "expect a  > 0  found 1  met\n"
            "expect b  > 0  found 0  MISSED\n"
            "expect c  > 0  found -  undecided\n"
            "bounds: 1 met, 1 missed, 1 undecided\n"
            "  MISSED     b: off\n"
            "  undecided  c: few\n");
}

}  // namespace
}  // namespace coldframe
