#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/power_plan.h"
#include "framework/reporting/pooled_runs.h"
#include "framework/reporting/simulation_report.h"

namespace coldframe {

/// Paired differences from which variance components are measured: tables[w] is [seeds, users].
struct MeasuredDifferences {
  std::string what;  // "lora - popularity, expected clicks per page"
  std::vector<std::vector<double>> tables;
  std::size_t seeds = 1;
  bool seeds_by_order = false;  // several seeds without numbers: paired between worlds by the order of the files
};

/// From simulation records: those of one world are training seeds of it, paired between worlds by the seeds of the runs
/// that the records name. DataError when they differ in anything but world and seed, when worlds have other seeds, one
/// twice, or other numbers of users, or a policy is missing.
MeasuredDifferences simulated_differences(std::span<const NamedSimulation* const> simulations,
                                          const std::string& policy, const std::string& against);
MeasuredDifferences simulated_differences(std::span<const NamedSimulation> simulations, const std::string& policy,
                                          const std::string& against);

/// What must not differ between records of one study: everything but world and seed.
nlohmann::json condition_of(const SimulationRecord& record);

/// From evaluated runs, on one metric at one k; all users of all folds are one world. DataError when a scorer is
/// missing.
MeasuredDifferences newcomer_differences(const PooledRuns& runs, const std::string& scorer, const std::string& against,
                                         std::size_t shots, const std::string& metric);

struct StudyPlanInput {
  std::string what;
  VarianceComponents components;
  bool measured = false;  // else stated
  bool seeds_by_order = false;
  PowerTarget target;
  DesignCost cost;
  DesignLimits limits;
};

/// A plan for what was not measured would be a guess: one seed or world is then all that is planned for.
DesignLimits plannable(DesignLimits limits, const VarianceComponents& components);

/// The tables `components` and `designs` in the form of report.h, with `facts` (among them the cheapest design, null
/// when there is none) and `limits`: what the plan does not hold for.
nlohmann::json study_plan(const StudyPlanInput& input);
std::string study_plan_text(const nlohmann::json& report);

}  // namespace coldframe
