#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// The record's form of a policy's outcome, without rows of users.
SimulatedPolicy simulated_policy(const PolicyOutcome& outcome, const std::string& role);

/// Which policies the intervals of simulation_text() are about; nothing when one of the two is not in the race.
struct AttainableRange {
  std::size_t popularity = 0;
  std::size_t informed_oracle = 0;
};
std::optional<AttainableRange> attainable_range(const ReplayResult& result);

/// One line per policy: clicks per page as sampled and in closed form, and with `rates`, expected clicks per page of
/// users with a column for every policy, the difference to popularity with its paired interval, and the share of the
/// attainable range between popularity and the informed oracle. level: of the intervals.
std::string simulation_text(const nlohmann::json& summary, const ReplayResult& result, const PairedBootstrap* rates,
                            double level);

/// Of the column of names: they can be long, as "epsilon=0.3:softmax:attribute_popularity".
std::size_t name_width(const ReplayResult& result);
/// "+0.0123 [+0.0100, +0.0146]", or "undefined".
std::string interval_text(const Estimate& estimate);

/// What one user did under every policy, and the digest of it.
std::string user_text(const ReplayResult& result);

}  // namespace coldframe
