#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/reporting/report.h"

namespace coldframe {

/// A pair of policies judged in one condition of simulated newcomers.
struct SimulationVerdict {
  std::string condition;  // "softmax-0, lambda 1.0, mnl"
  std::string first, second;
  Judgement judged;
};

/// Every strategy against popularity, the frozen encoder and each other; Holm within each condition.
std::vector<SimulationVerdict> judge_simulations(std::span<const NamedSimulation> simulations,
                                                 const VerdictRules& rules);

/// Appends the simulated outcome of every record: expected clicks per page (closed form; one rate per user, then the
/// mean), share of the attainable range (policy - popularity) / (informed oracle - popularity), blank where the
/// interval of the denominator covers 0, difference to random with a flag at or below it, and the verdict about these
/// checkpoints. What may be said about strategies: simulated_strategies.h.
void add_simulation(nlohmann::json& tables, nlohmann::json& plots, std::span<const NamedSimulation> simulations,
                    std::span<const SimulationVerdict> verdicts, const VerdictRules& rules);

/// Sentences for pairs of strategies whose order is not the same in all records, naming the axes (world, lambda, user
/// model, ...) by which the records differ. Order is by the value; an order that flips is a limit of any claim.
std::vector<std::string> order_flips(std::span<const NamedSimulation> simulations);

}  // namespace coldframe
