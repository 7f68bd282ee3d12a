#include "framework/evaluation/non_inferiority.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

/// Users whose metric a rebuild changes the way it does on real lists: most values stay, some lists move a hit in or
/// out of the top. The candidate's true mean is the reference's minus `loss`, exactly, over the law of users.
struct TwoBuilds {
  TwoBuilds(std::size_t count, double loss, std::uint64_t experiment) {
    const KeyedRandom random(experiment, Purpose::population);
    for (std::uint64_t u = 0; u < count; ++u) {
      const PhiloxBlock words = random.block(UserKey(u));
      const double level = 0.2 + 0.5 * uniform_double(words[0]);
      // One list in five moves, by +-.12 with equal odds: mean 0, standard deviation .12 sqrt(.2) = .0537.
      const double moved = uniform_double(words[1]) < 0.2 ? (words[2] & 1u ? 0.12 : -0.12) : 0.0;
      users.emplace_back(u);
      reference.push_back(level);
      candidate.push_back(level + moved - loss);
    }
  }
  std::vector<UserKey> users;
  std::vector<double> reference, candidate;
};
constexpr double k_deviation = 0.12 * 0.4472135955;  // of the paired difference

NonInferiorityRules quick_rules(std::uint64_t seed = 1) {
  NonInferiorityRules rules;
  rules.bootstrap = {.replicates = 400, .level = 0.95, .seed = seed};
  return rules;
}

NonInferiorityJudgement judge(const TwoBuilds& builds, Margin margin,
                              const NonInferiorityRules& rules = quick_rules()) {
  return judge_non_inferiority(builds.users, builds.candidate, builds.reference, margin, rules);
}

TEST(NonInferiority, compares_the_interval_of_the_difference_with_the_margin) {
  // 400 users, standard error .0027: the interval of the difference is about +-.0053 around minus the loss.
  EXPECT_EQ(judge(TwoBuilds(400, 0.00, 1), {0.02}).outcome, NonInferiority::shown);
  EXPECT_EQ(judge(TwoBuilds(400, 0.02, 1), {0.02}).outcome, NonInferiority::undecided);
  EXPECT_EQ(judge(TwoBuilds(400, 0.04, 1), {0.02}).outcome, NonInferiority::refuted);
  const NonInferiorityJudgement judgement = judge(TwoBuilds(400, 0.04, 1), {0.02});
  EXPECT_NEAR(judgement.difference.value, -0.04, 0.008);
  EXPECT_DOUBLE_EQ(judgement.allowed, 0.02);
  EXPECT_NEAR(judgement.found_regression, 0.02 + 2.80 * k_deviation / 20.0, 0.0015);
}

TEST(NonInferiority, a_gain_is_shown_with_no_margin_at_all_and_so_are_equal_builds) {
  EXPECT_EQ(judge(TwoBuilds(400, -0.02, 1), {0.0}).outcome, NonInferiority::shown);
  TwoBuilds same(100, 0.0, 1);
  same.candidate = same.reference;
  EXPECT_EQ(judge(same, {0.0}).outcome, NonInferiority::shown);
  for (double& value : same.candidate) value -= 0.001;
  EXPECT_EQ(judge(same, {0.0005}).outcome, NonInferiority::refuted);
}

TEST(NonInferiority, a_share_is_of_the_mean_of_the_reference) {
  // Mean of the reference .45: 10 % of it are .045.
  const NonInferiorityJudgement judgement = judge(TwoBuilds(400, 0.02, 1), {0.1, Margin::Of::share});
  EXPECT_NEAR(judgement.allowed, 0.045, 0.003);
  EXPECT_EQ(judgement.outcome, NonInferiority::shown);
  EXPECT_EQ(judge(TwoBuilds(400, 0.09, 1), {0.1, Margin::Of::share}).outcome, NonInferiority::refuted);
  TwoBuilds scaled(400, 0.0, 1);
  for (std::size_t u = 0; u < 400; ++u) scaled.candidate[u] = 0.9 * scaled.reference[u];
  EXPECT_EQ(judge(scaled, {0.1 + 1e-9, Margin::Of::share}).outcome, NonInferiority::shown);
  EXPECT_EQ(judge(scaled, {0.1 - 1e-9, Margin::Of::share}).outcome, NonInferiority::refuted);
}

TEST(NonInferiority, few_users_decide_nothing) {
  EXPECT_EQ(judge(TwoBuilds(29, 0.2, 1), {0.01}).outcome, NonInferiority::undecided);
  EXPECT_EQ(judge(TwoBuilds(30, 0.2, 1), {0.01}).outcome, NonInferiority::refuted);
  EXPECT_EQ(judge(TwoBuilds(0, 0.0, 1), {0.01}).outcome, NonInferiority::undecided);
}

TEST(NonInferiority, refuses_unpaired_columns_and_margins_without_a_sense) {
  TwoBuilds builds(40, 0.0, 1);
  EXPECT_THROW(judge(builds, {-0.01}), ConfigError);
  EXPECT_THROW(judge(builds, {1.5, Margin::Of::share}), ConfigError);
  EXPECT_THROW(judge(builds, {std::nan("")}), ConfigError);
  builds.candidate.pop_back();
  EXPECT_THROW(judge(builds, {0.01}), DataError);
}

struct Rates {
  double shown = 0.0, undecided = 0.0, refuted = 0.0;
};

Rates rates(std::size_t users, double loss, double margin, std::size_t experiments) {
  Rates rates;
  for (std::size_t e = 0; e < experiments; ++e) {
    const NonInferiority outcome = judge(TwoBuilds(users, loss, 1000 + e), {margin}, quick_rules(e)).outcome;
    double& rate = outcome == NonInferiority::shown     ? rates.shown
                   : outcome == NonInferiority::refuted ? rates.refuted
                                                        : rates.undecided;
    rate += 1.0 / static_cast<double>(experiments);
  }
  return rates;
}

TEST(NonInferiorityPower, follows_the_normal_curve_and_prints_the_table_of_the_guide) {
  constexpr std::size_t k_users = 200, k_experiments = 300;
  constexpr double k_margin = 0.015;
  const double error = k_deviation / std::sqrt(static_cast<double>(k_users)), z = normal_quantile(0.975);
  fmt::print("{} users, sd of the paired difference {:.4f}, margin {}, {} experiments each\n", k_users, k_deviation,
             k_margin, k_experiments);
  fmt::print("| true loss | met (0) | undecided (6) | missed (4) |\n|---|---|---|---|\n");
  for (const double loss : {-0.0075, 0.0, 0.0075, 0.015, 0.0225, 0.03, 0.0375}) {
    const Rates measured = rates(k_users, loss, k_margin, k_experiments);
    const double shown = normal_cdf((k_margin - loss) / error - z), refuted = normal_cdf((loss - k_margin) / error - z);
    fmt::print("| {:.4f} | {:.3f} | {:.3f} | {:.3f} |\n", loss, measured.shown, measured.undecided, measured.refuted);
    EXPECT_NEAR(measured.shown, shown, 0.09) << loss;  // three standard errors of 300 experiments at one half
    EXPECT_NEAR(measured.refuted, refuted, 0.09) << loss;
  }
}

TEST(NonInferiorityPower, catches_a_declared_regression_and_lets_rebuilds_pass) {
  // The promise of a gate: a declared regression (here twice the margin) is caught in at least 80 %, and a rebuild that
  // changes bits but not quality is stopped, by a miss or for lack of evidence, in at most 5 %.
  const Rates regression = rates(200, 0.03, 0.015, 300), rebuild = rates(200, 0.0, 0.015, 300);
  EXPECT_GE(regression.refuted, 0.80);
  EXPECT_EQ(regression.shown, 0.0);
  EXPECT_LE(1.0 - rebuild.shown, 0.05);
  EXPECT_EQ(rebuild.refuted, 0.0);
  // At the margin itself neither error is more frequent than half of .05, but for the chance of 300 experiments.
  const Rates edge = rates(200, 0.015, 0.015, 300);
  EXPECT_LE(edge.shown, 0.025 + 3.0 * std::sqrt(0.025 * 0.975 / 300.0));
  EXPECT_LE(edge.refuted, 0.025 + 3.0 * std::sqrt(0.025 * 0.975 / 300.0));
}

}  // namespace
}  // namespace coldframe
