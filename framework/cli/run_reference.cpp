#include "framework/cli/run_reference.h"

#include <fmt/format.h>

#include <filesystem>

#include "framework/core/error.h"
#include "framework/reporting/run_agreement.h"
#include "framework/reporting/simulation_agreement.h"

namespace coldframe {

GateReference read_run_reference(const std::string& path, const std::string& name, const RunRecord& mine,
                                 const BootstrapOptions& bootstrap) {
  const std::filesystem::path record = std::filesystem::path(path) / "run.h5";
  if (!std::filesystem::exists(record)) {
    throw DataError(fmt::format("{} holds no finished run", path), "run.h5 is missing",
                    "give ROOT/NAME/VARIANT/fold-F/seed-S as `coldframe train` prints it");
  }
  const auto reference = std::make_shared<const NamedRun>(NamedRun{path, read_run_record(record)});
  require_same_test({name, mine}, *reference);
  return {reference, newcomer_measures(reference->record, bootstrap)};
}

GateReference read_simulation_reference(const std::string& path, const std::string& name, const SimulationRecord& mine,
                                        const BootstrapOptions& bootstrap) {
  const auto reference = std::make_shared<const NamedSimulation>(NamedSimulation{path, read_simulation_record(path)});
  require_same_race({name, mine}, *reference);
  return {reference, simulation_measures(reference->record, bootstrap)};
}

}  // namespace coldframe
