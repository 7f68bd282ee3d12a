#pragma once

#include <string>

#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// The record's form of a policy's outcome.
SimulatedPolicy simulated_policy(const PolicyOutcome& outcome, const std::string& role);

/// Closed-form expected clicks over all pages shown.
double expected_per_page(const SimulatedPolicy& policy);

/// One line per policy: clicks per page as sampled and in closed form, the difference to popularity with its paired
/// interval, and the share of the attainable range between popularity and the informed oracle.
std::string simulation_text(const SimulationRecord& record, const BootstrapOptions& bootstrap);

/// What one user did under every policy, and the digest of it.
std::string user_text(const ReplayResult& result);

}  // namespace coldframe
