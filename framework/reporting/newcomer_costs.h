#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/reporting/newcomer_report.h"

namespace coldframe {

/// A cost by which strategies are set against each other.
struct CostAxis {
  std::string id;     // "seconds"
  std::string title;  // "seconds in steps"
  double (*of)(const VariantCost&);
};
/// Trainable parameters, seconds, peak memory.
const std::vector<CostAxis>& cost_axes();

/// Which strategies no other one of their kind (text alone, or with item prior) beats in quality at the smallest k and
/// some costs. By the values at hand; whether the better quality is shown stands in the table `pareto`.
struct ParetoFront {
  std::vector<const PooledScorer*> strategies;  // that have a value at the smallest k
  std::vector<std::size_t> dominator;           // place of the one that beats it, or its own
};
ParetoFront pareto_front(const NewcomerFindings& findings, const std::vector<CostAxis>& axes);

/// Appends the table `pareto` and a plot of quality against every cost, its front drawn through.
void add_costs(nlohmann::json& tables, nlohmann::json& plots, const NewcomerFindings& findings);

}  // namespace coldframe
