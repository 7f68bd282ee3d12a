#pragma once

#include <span>
#include <string>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/subcommand.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// A replay that came to its end, with everything its record says about where it took place; borrowed.
struct Simulated {
  const Experiment& experiment;
  const ExperimentData& data;
  const Population& population;
  const ChoiceCalibration& calibration;
  const Invocation& invocation;
  const ReplayResult& result;
  std::span<const std::string> roles;  // of the result's policies
};

/// Warns of policies at or below the random one.
SimulationRecord make_simulation_record(const Simulated& simulated);

/// One dataset store per policy, with everything it showed, in a folder that is made when it is missing.
void write_simulated_logs(const std::filesystem::path& folder, const Simulated& simulated);

}  // namespace coldframe
