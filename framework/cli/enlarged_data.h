#pragma once

#include <memory>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"

namespace coldframe {

/// The data of an experiment with more items behind those of its store, as new ones: they have texts, nobody liked
/// them, and the checksum stays that of the store.
std::unique_ptr<ExperimentData> enlarged_data(const Experiment& experiment, const EntityTable& more_items);

}  // namespace coldframe
