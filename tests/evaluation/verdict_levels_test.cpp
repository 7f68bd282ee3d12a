// Verdicts on known truth: how often a family of comparisons names a winner where there is none, how often it finds
// what was planted, and how often two things that differ by the margin are called equivalent.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/philox.h"
#include "framework/evaluation/verdict.h"

namespace coldframe {
namespace {

constexpr std::uint32_t k_replications = 1000;
constexpr double k_level_bound = 0.05 + 3 * 0.0069;  // three standard errors of 1,000 replications
constexpr std::size_t k_family = 5, k_users = 60, k_seeds = 5;

VerdictRules quick(double smallest_effect = 0.0) {
  VerdictRules rules;
  rules.permutations = 499;  // the smallest p, .002, is below .05 / 5
  rules.bootstrap.replicates = 400;
  rules.smallest_effect = smallest_effect;
  return rules;
}

double normal(std::uint32_t replication, std::uint64_t unit, std::uint32_t what, std::uint32_t place) {
  static const KeyedRandom random(91, Purpose::population);
  const PhiloxBlock words = random.block(UserKey(unit), replication, what, place);
  return standard_normals(words[0], words[1])[0];
}

/// Two rows of the same truth with independent noise of equal law, unit variance of the difference; the first is better
/// by `effect`.
struct Pair {
  std::vector<UserKey> users;
  std::vector<double> first, second;
  Pair(std::uint32_t replication, std::uint32_t number, double effect) {
    for (std::uint64_t u = 0; u < k_users; ++u) {
      const double truth = normal(replication, u, 0, 0);
      users.emplace_back(u);
      first.push_back(truth + std::sqrt(0.5) * normal(replication, u, 1, number) + effect);
      second.push_back(truth + std::sqrt(0.5) * normal(replication, u, 2, number));
    }
  }
};

std::vector<Judgement> checkpoints(std::uint32_t replication, double effect, const VerdictRules& rules) {
  std::vector<Pair> pairs;
  for (std::uint32_t c = 0; c < k_family; ++c) pairs.emplace_back(replication, c, c == 0 ? effect : 0.0);
  std::vector<CheckpointComparison> family;
  for (const Pair& pair : pairs) family.push_back({"a - b", pair.users, pair.first, pair.second});
  return judge_checkpoints(family, rules);
}

/// Differences of two strategies trained with disjoint sets of seeds: each has effects of its seeds, and noise.
std::vector<Judgement> strategies(std::uint32_t replication, double effect, const VerdictRules& rules) {
  std::vector<std::vector<double>> tables(k_family);
  for (std::uint32_t c = 0; c < k_family; ++c) {
    for (std::uint32_t s = 0; s < k_seeds; ++s) {
      const double of_seeds = 0.05 * (normal(replication, s, 3, c) - normal(replication, s, 4, c));
      for (std::uint64_t u = 0; u < k_users; ++u) {
        tables[c].push_back((c == 0 ? effect : 0.0) + of_seeds + 0.2 * normal(replication, u, 5, c) +
                            0.2 * normal(replication, u, 6, c * static_cast<std::uint32_t>(k_seeds) + s));
      }
    }
  }
  std::vector<StrategyComparison> family;
  for (const std::vector<double>& table : tables) family.push_back({"a - b", k_seeds, Sampled::users, table});
  return judge_strategies(family, rules);
}

bool names_a_winner(const Judgement& judgement) {
  return judgement.verdict == Verdict::better || judgement.verdict == Verdict::worse;
}

template <class Judge>
double share_of_winners(Judge judge) {
  int named = 0;
  for (std::uint32_t r = 0; r < k_replications; ++r) named += std::ranges::any_of(judge(r), names_a_winner);
  return static_cast<double>(named) / k_replications;
}

template <class Judge>
double share_of_first(Verdict verdict, Judge judge) {
  int found = 0;
  for (std::uint32_t r = 0; r < k_replications; ++r) found += judge(r).front().verdict == verdict;
  return static_cast<double>(found) / k_replications;
}

TEST(VerdictLevels, exchangeable_checkpoints_have_no_winner_and_a_planted_one_is_found) {
  EXPECT_LE(share_of_winners([](std::uint32_t r) { return checkpoints(r, 0.0, quick()); }), k_level_bound);
  // Holm asks for p <= .01 first: z = 2.58 + .84 standard errors of 1 / sqrt(60), and a fifth more for the bootstrap.
  const double effect = 1.2 * (2.58 + 0.84) / std::sqrt(60.0);
  EXPECT_GE(share_of_first(Verdict::better, [&](std::uint32_t r) { return checkpoints(r, effect, quick()); }), 0.8);
}

TEST(VerdictLevels, disjoint_seeds_of_one_strategy_have_no_winner_and_a_planted_one_is_found) {
  const auto even = [](std::uint32_t r) { return strategies(r, 0.0, quick()); };
  EXPECT_LE(share_of_winners(even), k_level_bound);
  // Variance of a mean: .005 / 5 + .04 / 60 + .04 / 300 = .0018, se .042; t of p = .01 with some 9 degrees is 3.25.
  const auto planted = [](std::uint32_t r) { return strategies(r, 1.2 * (3.25 + 0.9) * 0.0424, quick()); };
  EXPECT_GE(share_of_first(Verdict::better, planted), 0.8);
}

TEST(VerdictLevels, what_differs_by_the_margin_is_seldom_called_equivalent_and_what_is_equal_mostly) {
  const double margin = 3.5 / std::sqrt(60.0);  // 1.645 + .84 + what two sides cost, in standard errors
  const auto at = [&](double effect) {
    return share_of_first(Verdict::equivalent, [&](std::uint32_t r) { return checkpoints(r, effect, quick(margin)); });
  };
  EXPECT_LE(at(margin), k_level_bound + 0.01) << "a percentile interval of 60 users is a little short";
  EXPECT_LE(at(-margin), k_level_bound + 0.01);
  EXPECT_GE(at(0.0), 0.8);
}

}  // namespace
}  // namespace coldframe
