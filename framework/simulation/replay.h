#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "framework/simulation/ad_market.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/onboarded_policy.h"
#include "framework/simulation/oracle.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/replay_result.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/user_dynamics.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// A policy in the race: either `policy` or `oracle` is set.
struct Contestant {
  const Policy* policy = nullptr;
  const LatentPolicy* oracle = nullptr;
  const Interview* interview = nullptr;  // before the first page; nullptr: none
  Contestant(const Policy& p) : policy(&p) {}
  Contestant(const OnboardedPolicy& p) : policy(&p), interview(&p.interview()) {}
  Contestant(const LatentPolicy& p, const Interview* asks = nullptr) : oracle(&p), interview(asks) {}
  const std::string& name() const { return policy != nullptr ? policy->name() : oracle->name(); }
  PolicyKind kind() const { return policy != nullptr ? policy->kind() : oracle->kind(); }
};

/// Where users live. Borrowed, constant during a replay.
struct ReplayWorld {
  const Newcomers* newcomers = nullptr;
  const Catalogue* catalogue = nullptr;
  const UserModel* user_model = nullptr;
  const UserDynamics* dynamics = nullptr;  // nullptr: users stay as they were born
  const SearchLaw* search = nullptr;       // nullptr: no session begins with a query
  const AdMarket* ads = nullptr;           // nullptr: no place is sold
};

/// yes: the pages of the users that simulation.log_share takes; trace: all pages, with what users thought of them.
enum class KeepLog { no, yes, trace };

struct ReplayRequest {
  std::uint64_t begin = 0;  // users [begin, end)
  std::uint64_t end = 0;
  KeepLog log = KeepLog::no;
  std::function<void(std::uint64_t users_done)> progress;  // may be called from any thread
  /// Asked before every block of users, from any thread; after a yes no further block begins.
  std::function<bool()> stop = {};
  /// Gets the results of blocks in order, each call after the one before, instead of their being merged: memory does
  /// not grow with the number of users. The result then says only how far the replay came.
  std::function<void(ReplayResult)> take = {};
};

/// Replays users under every contestant: same newcomers, same random numbers, each with a history of their own making.
/// Work is cut into fixed blocks of users run in parallel; the result has the same bits for any number of threads, any
/// block size, any split of the range, and for a user alone. Stopped, it holds the longest prefix of blocks that are
/// complete under every contestant: `end` of the result says how far, and its bits are those of that range.
ReplayResult replay(const ReplayWorld& world, std::span<const Contestant> contestants, const SimulationOptions& options,
                    const ReplayRequest& request);

}  // namespace coldframe
