#pragma once

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// A simulated log in the form of a data set, so that `train` reads what `simulate` wrote.
struct SimulatedLog {
  Dataset data;               // users "sim-N" with their attributes and profile text; clicks as interactions
  ImpressionLog impressions;  // every shown item, with propensities
};

/// Builds the log of one policy; its outcome must have been replayed with KeepLog::yes. `items` and availability come
/// from the data set the population was made from.
SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome);

}  // namespace coldframe
