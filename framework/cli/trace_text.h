#pragma once

#include <string>

#include "framework/data/dataset.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// Where a traced user lives; borrowed.
struct TraceSetting {
  const Dataset& items;
  const Population& population;
  const SimulationOptions& simulation;
  const UserModel& user_model;
  const SearchLaw* search = nullptr;  // when somebody searches
};

/// The life of one user under every policy, page by page: who they are, what they search for, and for every item shown
/// its propensity, the user's utility, the probability of a click in closed form, the random numbers that the user
/// model says it looks at, and the click. The result must hold one user, replayed with KeepLog::trace.
std::string trace_text(const ReplayResult& result, const TraceSetting& setting);

}  // namespace coldframe
