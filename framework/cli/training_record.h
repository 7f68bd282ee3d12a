#pragma once

#include <nlohmann/json.hpp>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/run_folder.h"
#include "framework/cli/subcommand.h"
#include "framework/reporting/run_record.h"
#include "framework/training/trainer.h"

namespace coldframe {

/// What a finished or stopped training run is known by; borrowed.
struct TrainedRun {
  const Experiment& experiment;
  const ExperimentData& data;
  const Learner& learner;
  const RunFolder& folder;
  const Invocation& invocation;
  nlohmann::json identity;  // {config, data, encoder, tokenizer, instruction_set, build}
  int threads = 1;
  std::size_t peak_memory_bytes = 0;  // of the largest rank
};

/// The run's record, rebuilt from its metrics log.
RunRecord make_training_record(const TrainedRun& run, const TrainingSummary& summary);

/// A hook that writes the failure, with the metrics so far, as the record of a run that did not end well. Holds copies
/// only: it runs after everything else is gone.
std::function<void(const Failure&)> failure_record_hook(const Experiment& experiment, const ResolvedConfig& config,
                                                        const RunFolder& folder);

}  // namespace coldframe
