#include "framework/simulation/replay_periods.h"

#include <algorithm>
#include <utility>

#include "framework/simulation/detail/log_sample.h"

namespace coldframe {
namespace {

/// First number of the period after that of `user`.
std::uint64_t period_end(const Population& population, std::uint64_t user) {
  const auto users = static_cast<std::uint64_t>(population.observables.users_per_period);
  return (user / users + 1) * users;
}

/// Pages were kept for learning; what the request did not ask for is dropped again.
void drop_pages(ReplayResult& result, const ReplayRequest& request, const SimulationOptions& options) {
  const detail::LogSample wanted(request.log, options);
  for (PolicyOutcome& outcome : result.policies) {
    std::erase_if(outcome.log, [&](const PageRow& row) { return !wanted.holds(row.user); });
    outcome.log.shrink_to_fit();
  }
}

std::vector<PolicyOutcome> names_of(const ReplayResult& result) {
  std::vector<PolicyOutcome> named;
  for (const PolicyOutcome& outcome : result.policies) named.emplace_back().policy = outcome.policy;
  return named;
}

}  // namespace

ReplayResult replay_periods(const ReplayWorld& world, std::span<const Contestant> contestants,
                            const SimulationOptions& options, const ReplayRequest& request, const PeriodPlan& plan) {
  SimulationOptions everybody = options;
  everybody.log_share = 1.0;
  ReplayResult all{request.begin, request.begin, {}};
  const auto keep = [&](ReplayResult period) {
    drop_pages(period, request, options);
    if (!request.take) return all.merge(std::move(period));
    if (all.policies.empty()) all.policies = names_of(period);
    all.end = period.end;
    request.take(std::move(period));
  };
  for (std::uint64_t begin = request.begin; begin < request.end;) {
    const std::uint64_t end = std::min(period_end(world.newcomers->population(), begin), request.end);
    const std::uint64_t users = end - begin;
    ReplayRequest mine{
        begin + users * plan.rank / plan.ranks, begin + users * (plan.rank + 1) / plan.ranks, KeepLog::yes, {}};
    if (request.progress) {
      mine.progress = [&](std::uint64_t done) { request.progress(begin - request.begin + done); };
    }
    mine.stop = request.stop;
    ReplayResult period = replay(world, contestants, everybody, mine);
    if (plan.gather) period = plan.gather(std::move(period));
    const bool stopped = period.end != end;
    if (stopped) {
      keep(std::move(period));
      break;
    }
    for (const OnlineContestant& learner : plan.learners) {
      learner.policy->learn(period.policies[learner.contestant].log);
    }
    keep(std::move(period));
    begin = end;
  }
  return all;
}

}  // namespace coldframe
