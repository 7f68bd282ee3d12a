#include "framework/reporting/robustness_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "framework/core/error.h"

namespace coldframe {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

[[noreturn]] void refuse(const RobustnessPool& pool, const RobustnessPool& run) {
  throw DataError(fmt::format("cannot pool {} with {}", run.folder, pool.folder),
                  "they were not ranked by the same scorers under the same noise",
                  "run `coldframe evaluate` on all of them, or on none");
}

void append_result(NoisyResult& to, NoisyResult from, double before, double added) {
  const auto mean = [&](double& mine, double theirs) { mine = (mine * before + theirs * added) / (before + added); };
  mean(to.changed, from.changed);
  mean(to.jaccard, from.jaccard);
  mean(to.rbo, from.rbo);
  mean(to.kendall, from.kendall);
  for (std::size_t d = 0; d < to.utility.size(); ++d) append(to.utility[d], std::move(from.utility[d]));
}

bool fits(const RobustnessSeries& a, const RobustnessSeries& b) {
  const bool same = a.scorer == b.scorer && a.text_template == b.text_template && a.shots == b.shots;
  return same && std::ranges::equal(a.results, b.results, [](const NoisyResult& x, const NoisyResult& y) {
           return x.kind == y.kind && x.severity == y.severity && x.utility.size() == y.utility.size();
         });
}

bool fits(const CertifiedSeries& a, const CertifiedSeries& b) {
  return a.scorer == b.scorer && a.text_template == b.text_template && a.shots == b.shots;
}

void join(RobustnessPool& pool, RobustnessPool run) {
  const auto same = [](const auto& a, const auto& b) { return fits(a, b); };
  if (!std::ranges::equal(pool.series, run.series, same) || !std::ranges::equal(pool.certified, run.certified, same)) {
    refuse(pool, run);
  }
  const auto before = static_cast<double>(pool.users.size()), added = static_cast<double>(run.users.size());
  for (std::size_t s = 0; s < pool.series.size(); ++s) {
    append(pool.series[s].clean, std::move(run.series[s].clean));
    for (std::size_t r = 0; r < pool.series[s].results.size(); ++r) {
      append_result(pool.series[s].results[r], std::move(run.series[s].results[r]), before, added);
    }
  }
  for (std::size_t s = 0; s < pool.certified.size(); ++s) {
    append(pool.certified[s].set_radius, std::move(run.certified[s].set_radius));
    append(pool.certified[s].order_radius, std::move(run.certified[s].order_radius));
    append(pool.certified[s].typos, std::move(run.certified[s].typos));
  }
  append(pool.users, std::move(run.users));
}

}  // namespace

bool RobustnessPool::shares_people(const RobustnessPool& other) const {
  const std::unordered_set<UserKey> mine(users.begin(), users.end());
  return std::ranges::any_of(other.users, [&](UserKey user) { return mine.contains(user); });
}

void add_to_pools(RobustnessPool run, std::vector<RobustnessPool>& pools) {
  for (RobustnessPool& pool : pools) {
    if (pool.variant == run.variant && !pool.shares_people(run)) return join(pool, std::move(run));
  }
  pools.push_back(std::move(run));
}

void require_same_people(const std::vector<RobustnessPool>& pools) {
  for (const RobustnessPool& pool : pools) {
    if (pool.users == pools.front().users) continue;
    throw DataError(fmt::format("cannot set {} beside {}", pool.folder, pools.front().folder),
                    "they have other newcomers", "give runs of the same folds for every variant, in the same order");
  }
}

}  // namespace coldframe
