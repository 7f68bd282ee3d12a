#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/reporting/newcomer_report.h"
#include "framework/reporting/simulation_report.h"

namespace coldframe {

/// A judged pair as the summary speaks of it.
struct JudgedPair {
  std::string first, second;
  Judgement judged;
};

/// What may be said of a pair (docs/guide/protocol.md, "What may be claimed"):
///   better, worse   "lora is better than full by 0.0123 [0.0100, 0.0146]", the better one first
///   equivalent      "lora and full are equivalent (0.0003 [-0.0010, 0.0016], within +-0.005)"
///   undecided       "lora or full is undecided (0.0010 [-0.0040, 0.0060]; 0.0072 would have been found in 80 %)"
///   not claimed     "lora against full is not claimed (1 training seed: a claim needs at least 5)"
std::string verdict_phrase(const JudgedPair& pair, const VerdictRules& rules);

/// The phrases of a family in one sentence behind `opening`: what is decided first, large differences first; of each
/// verdict at most `most`, then how many are left out. Empty without pairs.
std::string verdict_sentence(const std::string& opening, std::vector<JudgedPair> pairs, const VerdictRules& rules,
                             std::size_t most = 4);

/// The summary of a report about real newcomers, from its numbers alone: what was tested, the best values at the
/// smallest and the largest k, verdicts about these checkpoints against popularity, the frozen encoder and each other,
/// verdicts about the strategies or why there are none, and what no other strategy dominates in quality and cost.
std::vector<std::string> newcomer_summary(const NewcomerFindings& findings, const VerdictRules& rules);

/// One sentence per condition of simulated newcomers.
std::vector<std::string> simulation_summary(std::span<const SimulationVerdict> verdicts, const VerdictRules& rules);

/// What the numbers cannot show.
std::vector<std::string> summary_limits(const PooledRuns& runs, std::span<const NamedSimulation> simulations,
                                        const VerdictRules& rules);

}  // namespace coldframe
