#include "framework/evaluation/verdict.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// Users with a common level and two rows around it: first - second has the given mean and deviation.
struct Rows {
  Rows(std::size_t count, double mean, double deviation) {
    const KeyedRandom random(11, Purpose::population);
    for (std::uint64_t u = 0; u < count; ++u) {
      const PhiloxBlock words = random.block(UserKey(u));
      users.emplace_back(u);
      second.push_back(uniform_double(words[2]));
      first.push_back(second.back() + mean + deviation * standard_normals(words[0], words[1])[0]);
    }
  }
  CheckpointComparison comparison(std::string name = "a - b") const { return {std::move(name), users, first, second}; }

  std::vector<UserKey> users;
  std::vector<double> first, second;
};

Judgement judge(const Rows& rows, const VerdictRules& rules = {}) {
  const std::vector<CheckpointComparison> family = {rows.comparison()};
  return judge_checkpoints(family, rules)[0];
}

TEST(CheckpointVerdict, follows_the_sign_of_a_clear_difference) {
  EXPECT_EQ(judge(Rows(400, 0.1, 0.2)).verdict, Verdict::better);
  EXPECT_EQ(judge(Rows(400, -0.1, 0.2)).verdict, Verdict::worse);
}

TEST(CheckpointVerdict, names_no_winner_when_the_interval_covers_zero) {
  const Judgement judgement = judge(Rows(400, 0.0, 0.2));
  ASSERT_TRUE(judgement.difference.interval->contains(0.0));
  EXPECT_EQ(judgement.verdict, Verdict::undecided);
  EXPECT_NEAR(judgement.minimum_detectable_effect, 2.8 * 0.2 / 20, 0.003);
  EXPECT_NE(judgement.reason.find("smallest difference"), std::string::npos) << judgement.reason;
}

TEST(CheckpointVerdict, identical_rows_are_undecided_and_equivalent_under_any_smallest_effect) {
  EXPECT_EQ(judge(Rows(100, 0.0, 0.0)).verdict, Verdict::undecided);
  VerdictRules rules;
  rules.smallest_effect = 0.001;
  EXPECT_EQ(judge(Rows(100, 0.0, 0.0), rules).verdict, Verdict::equivalent);
}

TEST(CheckpointVerdict, a_significant_but_small_difference_is_no_winner) {
  VerdictRules rules;
  rules.smallest_effect = 0.05;
  EXPECT_EQ(judge(Rows(2000, 0.02, 0.1)).verdict, Verdict::better);
  EXPECT_EQ(judge(Rows(2000, 0.02, 0.1), rules).verdict, Verdict::equivalent);
  EXPECT_EQ(judge(Rows(2000, 0.08, 0.1), rules).verdict, Verdict::better);
  EXPECT_EQ(judge(Rows(2000, -0.08, 0.1), rules).verdict, Verdict::worse);
  EXPECT_EQ(judge(Rows(50, 0.04, 0.1), rules).verdict, Verdict::undecided);
}

TEST(CheckpointVerdict, few_users_are_too_few_whatever_they_say) {
  const Judgement judgement = judge(Rows(29, 1.0, 0.01));
  EXPECT_EQ(judgement.verdict, Verdict::not_claimed);
  EXPECT_EQ(judgement.reason, "29 users: a claim needs at least 30");
}

TEST(CheckpointVerdict, a_large_family_asks_for_more_evidence) {
  const Rows clear(300, 0.03, 0.2);  // about 2.6 standard errors
  const Rows nothing(300, 0.0, 0.2);
  ASSERT_EQ(judge(clear).verdict, Verdict::better);
  std::vector<CheckpointComparison> family = {clear.comparison()};
  for (int i = 0; i < 19; ++i) family.push_back(nothing.comparison());
  const std::vector<Judgement> judgements = judge_checkpoints(family, {});
  EXPECT_NEAR(judgements[0].holm_p_value, 20 * judgements[0].p_value, 1e-12);
  EXPECT_EQ(judgements[0].verdict, Verdict::undecided);
}

TEST(CheckpointVerdict, refuses_unpaired_rows) {
  Rows rows(40, 0.1, 0.1);
  rows.first.pop_back();
  EXPECT_THROW(judge(rows), DataError);
}

std::vector<double> seed_table(std::size_t seeds, std::size_t columns, double mean, double seed_deviation) {
  const KeyedRandom random(12, Purpose::population);
  std::vector<double> table;
  for (std::uint32_t s = 0; s < seeds; ++s) {
    const PhiloxBlock seed = random.block(UserKey(1), 1, 0, s);
    for (std::uint64_t u = 0; u < columns; ++u) {
      const PhiloxBlock words = random.block(UserKey(u), 0, 0, s);
      table.push_back(mean + seed_deviation * standard_normals(seed[0], seed[1])[0] +
                      0.1 * standard_normals(words[0], words[1])[0]);
    }
  }
  return table;
}

Judgement judge(const std::vector<double>& table, std::size_t seeds, Sampled columns = Sampled::users) {
  const std::vector<StrategyComparison> family = {{"lora - full", seeds, columns, table}};
  return judge_strategies(family, {})[0];
}

TEST(StrategyVerdict, is_not_claimed_with_fewer_than_five_seeds) {
  const Judgement one = judge(seed_table(1, 800, 1.0, 0.0), 1);
  EXPECT_EQ(one.verdict, Verdict::not_claimed);
  EXPECT_EQ(one.reason, "1 training seed: a claim needs at least 5");
  const Judgement four = judge(seed_table(4, 800, 1.0, 0.0), 4);
  EXPECT_EQ(four.verdict, Verdict::not_claimed);
  EXPECT_TRUE(four.difference.interval) << "the interval is still shown";
  EXPECT_EQ(judge(seed_table(5, 800, 1.0, 0.01), 5).verdict, Verdict::better);
  EXPECT_EQ(judge(seed_table(5, 800, -1.0, 0.01), 5).verdict, Verdict::worse);
  EXPECT_EQ(judge({}, 0).verdict, Verdict::not_claimed);
}

TEST(StrategyVerdict, simulated_claims_need_ten_worlds) {
  const Judgement nine = judge(seed_table(5, 9, 1.0, 0.01), 5, Sampled::worlds);
  EXPECT_EQ(nine.reason, "9 worlds: a claim needs at least 10");
  EXPECT_EQ(judge(seed_table(5, 10, 1.0, 0.01), 5, Sampled::worlds).verdict, Verdict::better);
}

TEST(StrategyVerdict, seeds_that_disagree_leave_it_undecided_however_many_users_there_are) {
  std::vector<double> table;
  for (const double seed_effect : {-0.10, 0.17, -0.05, 0.10, -0.02}) {  // mean .02
    const std::vector<double> users = seed_table(1, 5000, seed_effect, 0.0);
    table.insert(table.end(), users.begin(), users.end());
  }
  EXPECT_EQ(judge(table, 5).verdict, Verdict::undecided);
}

}  // namespace
}  // namespace coldframe
