#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/evaluation/push_effect.h"
#include "framework/evaluation/verdict.h"

namespace coldframe {

/// One scorer, trained on the clean and on the poisoned log, before the same newcomers.
struct PoisonedScorer {
  std::string name;
  std::string role;               // "strategy", "baseline", "floor"
  std::vector<PushedUser> users;  // one row per pair of runs and newcomer
};

/// A pushed item of one pair of runs, as the strategy ranks it.
struct PushedTarget {
  std::string item;  // external id
  std::string text;
  std::size_t likes = 0;          // in role T, before the attack
  std::vector<PushedUser> users;  // those whose candidate it is
};

struct PoisoningInput {
  std::string utility_name;
  std::size_t k = 10;
  std::size_t shots = 0;
  std::size_t pairs = 1;  // of runs: seeds and folds
  std::size_t seeds = 1;  // different ones among them
  std::string what;       // was done to the log
  std::vector<PoisonedScorer> scorers;
  std::vector<PushedTarget> targets;  // empty: label noise alone
};

/// Tables `poisoning` (of every scorer share of the targets in the first k places and their mean place, prediction shift = poisoned - clean
/// score, and utility: clean, poisoned, and their difference paired by user with its interval) and `poisoning-targets`,
/// in the form of report.h, with `limits`. Newcomers of several seeds count once, with their mean. A loss or a gain of
/// hits is claimed as robustness_report claims a loss.
nlohmann::json poisoning_report(const PoisoningInput& input, const VerdictRules& rules);

std::string poisoning_report_text(const nlohmann::json& report);

}  // namespace coldframe
