#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {

/// A simulated log in the form of a data set, so that `train` reads what `simulate` wrote.
struct SimulatedLog {
  Dataset data;               // users "sim-N" with their attributes; interactions are clicks, and likes given before
  ImpressionLog impressions;  // every shown item, with propensities
};

/// Builds the log of one policy; its outcome must have been replayed with KeepLog::yes and these options. `items` and
/// availability come from the data set the population was made from. Users without a page in the log are left out.
/// queries: those of the replay, where somebody searched.
SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome,
                                PolicyKind kind, const SimulationOptions& options, std::span<const Query> queries = {});

/// The external id of a newcomer in a log, "sim-12", and back; nullopt for other ids.
std::string simulated_user_id(std::uint64_t number);
std::optional<std::uint64_t> simulated_user_number(std::string_view id);

}  // namespace coldframe
