#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/reporting/simulation_report.h"

namespace coldframe {

/// A pair of policies judged over training seeds and worlds that share everything else.
struct SimulatedStrategyVerdict {
  std::string condition;  // "softmax worlds, lambda 1.0, mnl"
  std::size_t seeds = 0, worlds = 0;
  std::string first, second;
  Judgement judged;
};

/// Every strategy against popularity, the frozen encoder and each other, over the training seeds and the worlds of one
/// kind of taste (the fit and its refits) in which they were simulated: one number per seed and world, the mean
/// difference over its users. Conditions with one seed and one world are left out. Holm within each condition; a pair
/// for which seeds or worlds do not match is not claimed, with the reason.
std::vector<SimulatedStrategyVerdict> judge_simulated_strategies(std::span<const NamedSimulation> simulations,
                                                                 const VerdictRules& rules);

/// Appends the table of the verdicts; nothing when there are none.
void add_simulated_strategies(nlohmann::json& tables, std::span<const SimulatedStrategyVerdict> verdicts);

/// One sentence per condition.
std::vector<std::string> simulated_strategy_summary(std::span<const SimulatedStrategyVerdict> verdicts,
                                                    const VerdictRules& rules);

}  // namespace coldframe
