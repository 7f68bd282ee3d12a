#include "framework/evaluation/rarefaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {

double rarefied_distinct(std::span<const std::uint64_t> lists_with_item, std::uint64_t users, std::uint64_t m) {
  if (m > users) {
    throw DataError(fmt::format("{} of {} users drawn", m, users), "rarefaction draws without replacement");
  }
  const auto log_choose = [](double n, double k) {
    return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
  };
  const auto n = static_cast<double>(users), drawn = static_cast<double>(m);
  const double all = log_choose(n, drawn);
  double sum = 0.0;
  for (const std::uint64_t count : lists_with_item) {
    if (count > users) {
      throw DataError(fmt::format("an item in {} of {} lists", count, users), "a list shows an item once");
    }
    if (count == 0) continue;
    const double others = n - static_cast<double>(count);
    sum += others < drawn ? 1.0 : -std::expm1(log_choose(others, drawn) - all);
  }
  return sum;
}

std::optional<Subsampled> subsampled(std::span<const UserKey> users,
                                     const std::function<double(std::span<const std::size_t>)>& statistic,
                                     const SubsampleOptions& options) {
  const std::size_t m = options.m == 0 ? users.size() / 2 : options.m;
  if (m > users.size()) {
    throw DataError(fmt::format("{} of {} users drawn", m, users.size()), "subsampling draws without replacement");
  }
  if (options.replicates < 2) throw ConfigError("fewer than 2 subsamples", "a range needs more", "use 200");
  if (m < 1 || users.size() < 2) return std::nullopt;
  std::vector<std::size_t> by_key(users.size());
  std::iota(by_key.begin(), by_key.end(), std::size_t{0});
  std::sort(by_key.begin(), by_key.end(), [&](std::size_t a, std::size_t b) { return users[a] < users[b]; });
  const KeyedRandom random(options.seed, Purpose::subsample);
  std::vector<double> values;
  std::vector<std::uint64_t> order(users.size());
  for (std::size_t b = 0; b < options.replicates; ++b) {
    for (const std::size_t row : by_key) {
      const PhiloxBlock draw = random.block(users[row], 0, 0, static_cast<std::uint32_t>(b));
      order[row] = (std::uint64_t{draw[0]} << 32) | draw[1];
    }
    std::vector<std::size_t> ranked = by_key;
    std::stable_sort(ranked.begin(), ranked.end(), [&](std::size_t x, std::size_t y) { return order[x] < order[y]; });
    ranked.resize(m);
    std::sort(ranked.begin(), ranked.end(), [&](std::size_t x, std::size_t y) { return users[x] < users[y]; });
    values.push_back(statistic(ranked));
  }
  std::sort(values.begin(), values.end());
  const double tail = 0.5 * (1.0 - options.level);
  return Subsampled{m,
                    std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()),
                    {sorted_quantile(values, tail), sorted_quantile(values, 1.0 - tail)}};
}

}  // namespace coldframe
