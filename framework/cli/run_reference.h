#pragma once

#include <string>

#include "framework/cli/acceptance_gate.h"
#include "framework/reporting/run_record.h"
#include "framework/reporting/simulation_record.h"

namespace coldframe {

/// Measures of the evaluated run in folder `path`, compared with `mine` under its folder's name. DataError when they
/// were not put to the same test.
GateReference read_run_reference(const std::string& path, const std::string& name, const RunRecord& mine,
                                 const BootstrapOptions& bootstrap);

/// Measures of the simulation record `path`. DataError when its users did not meet the same world.
GateReference read_simulation_reference(const std::string& path, const std::string& name, const SimulationRecord& mine,
                                        const BootstrapOptions& bootstrap);

}  // namespace coldframe
