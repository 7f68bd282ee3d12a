#include "framework/reporting/newcomer_verdicts.h"

#include <fmt/format.h>

#include <string>

namespace coldframe {
namespace {

struct Pair {
  const PooledScorer* first;
  const PooledScorer* second;
};

/// The frozen encoder that a strategy started from: its variant's own one where it has one.
const PooledScorer* frozen_of(const PooledRuns& runs, const PooledScorer& scorer) {
  const std::string name = fmt::format("frozen encoder{}", has_item_prior(scorer) ? k_item_prior : "");
  const PooledScorer* own = runs.find(fmt::format("{} ({})", name, scorer.variant));
  return own != nullptr ? own : runs.find(name);
}

std::vector<Pair> displayed_pairs(const PooledRuns& runs) {
  std::vector<Pair> pairs;
  for (const PooledScorer& scorer : runs.scorers) {
    if (scorer.role != "strategy") continue;
    for (const PooledScorer* baseline : {runs.find("popularity"), frozen_of(runs, scorer)}) {
      if (baseline != nullptr) pairs.push_back({&scorer, baseline});
    }
  }
  for (const PooledScorer& a : runs.scorers) {
    for (const PooledScorer& b : runs.scorers) {
      if (&a < &b && a.role == "strategy" && b.role == "strategy" && has_item_prior(a) == has_item_prior(b))
        pairs.push_back({&a, &b});
    }
  }
  return pairs;
}

}  // namespace

std::vector<NewcomerVerdict> judge_newcomers(const PooledRuns& runs, const VerdictRules& rules) {
  // Values first: the comparisons hold spans into them.
  std::vector<std::vector<double>> first, second, by_seed;
  std::vector<std::string> names;
  std::vector<std::size_t> seeds;
  std::vector<NewcomerVerdict> verdicts;
  for (const std::size_t shots : runs.shots) {
    for (const Pair& pair : displayed_pairs(runs)) {
      const PooledShot *a = pair.first->find(shots), *b = pair.second->find(shots);
      if (a == nullptr || b == nullptr) continue;
      first.push_back(a->over_seeds(0));
      second.push_back(b->over_seeds(0));
      by_seed.push_back(seed_differences(*a, *b, 0));
      seeds.push_back(std::max(a->values.size(), b->values.size()));
      names.push_back(fmt::format("{} - {}, k = {}", pair.first->name, pair.second->name, shots));
      verdicts.push_back({shots, pair.first->name, pair.second->name, {}, {}});
    }
  }
  std::vector<CheckpointComparison> checkpoints;
  std::vector<StrategyComparison> strategies;
  for (std::size_t i = 0; i < names.size(); ++i) {
    checkpoints.push_back({names[i], runs.users, first[i], second[i]});
    strategies.push_back({names[i], seeds[i], Sampled::users, by_seed[i]});
  }
  const std::vector<Judgement> of_checkpoints = judge_checkpoints(checkpoints, rules);
  const std::vector<Judgement> of_strategies = judge_strategies(strategies, rules);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    verdicts[i].checkpoints = of_checkpoints[i];
    verdicts[i].strategies = of_strategies[i];
  }
  return verdicts;
}

}  // namespace coldframe
