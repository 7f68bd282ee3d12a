#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "framework/simulation/online_policy.h"
#include "framework/simulation/replay.h"

namespace coldframe {

/// A contestant that learns: what is learned are the pages of that contestant, which may show more than the policy
/// alone (a mixture around it).
struct OnlineContestant {
  std::size_t contestant = 0;
  OnlinePolicy* policy = nullptr;
};

/// How a replay is cut up. One rank of one: {learners, 0, 1, {}}.
struct PeriodPlan {
  std::span<const OnlineContestant> learners;
  std::uint64_t rank = 0;
  std::uint64_t ranks = 1;
  /// This rank's part of a period -> the whole period, the same on every rank; empty with one rank. Collective.
  std::function<ReplayResult(ReplayResult)> gather;
};

/// Replays the users of the request period after period; at the end of each, learners learn from all pages of the
/// period. Returns the whole result on every rank, or hands it to request.take there, period after period; with the
/// same bits for any number of ranks, threads and any block size. Learners start as they are: new ones for a new
/// replay.
ReplayResult replay_periods(const ReplayWorld& world, std::span<const Contestant> contestants,
                            const SimulationOptions& options, const ReplayRequest& request, const PeriodPlan& plan);

}  // namespace coldframe
