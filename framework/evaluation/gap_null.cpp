#include "framework/evaluation/gap_null.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

using Word = UserSum::Word;

/// Labels are permuted over 32-bit slots, signs of differences over session 1: the two never share a draw.
constexpr std::uint32_t k_swap_session = 1;

void require_same(std::size_t found, std::size_t expected, const char* what) {
  if (found != expected) {
    throw DataError(fmt::format("{} {} for {} members of groups", found, what, expected), "each member needs its own");
  }
}

/// Members of groups that take part, with groups renumbered from 0.
struct Cases {
  std::vector<std::size_t> members;   // ascending by key
  std::vector<std::uint32_t> labels;  // [members]
  std::vector<double> sizes;          // [groups]

  Cases(std::span<const UserKey> units, const Groups& groups, const GroupSizes& minimum) {
    require_same(units.size(), groups.of().size(), "keys");
    const std::vector<std::size_t> large = groups.large_enough(minimum);
    std::vector<std::int32_t> renumbered(groups.size(), Groups::k_none);
    for (std::size_t g = 0; g < large.size(); ++g) {
      renumbered[large[g]] = static_cast<std::int32_t>(g);
      sizes.push_back(static_cast<double>(groups.members(large[g])));
    }
    const auto label_of = [&](std::size_t m) {
      const std::int32_t group = groups.of()[m];
      return group == Groups::k_none ? Groups::k_none : renumbered[static_cast<std::size_t>(group)];
    };
    for (std::size_t m = 0; m < units.size(); ++m) {
      if (label_of(m) != Groups::k_none) members.push_back(m);
    }
    std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) { return units[a] < units[b]; });
    for (const std::size_t m : members) labels.push_back(static_cast<std::uint32_t>(label_of(m)));
  }

  double gap(std::span<const Word> sums) const {
    double low = INFINITY, high = -INFINITY;
    for (std::size_t g = 0; g < sizes.size(); ++g) {
      const double mean = UserSum::to_double(sums[g]) / sizes[g];
      low = std::min(low, mean);
      high = std::max(high, mean);
    }
    return high - low;
  }
};

std::vector<Word> fixed(std::span<const double> values, const Cases& cases) {
  std::vector<Word> words;
  for (const std::size_t m : cases.members) words.push_back(UserSum::to_fixed(values[m]));
  return words;
}

GapNull summary(double observed, std::vector<double> null) {
  GapNull result{observed, 0.0, 0.0, 1.0};
  const auto extreme = std::count_if(null.begin(), null.end(), [&](double gap) { return gap >= std::abs(observed); });
  std::sort(null.begin(), null.end());
  const auto count = static_cast<double>(null.size());
  result.null_mean = std::accumulate(null.begin(), null.end(), 0.0) / count;
  result.null_95 = sorted_quantile(null, 0.95);
  result.p_value = (1.0 + static_cast<double>(extreme)) / (1.0 + count);
  return result;
}

void require_permutations(const GapNullOptions& options) {
  if (options.permutations < 1) throw ConfigError("a null of 0 permutations", "at least one is needed", "use 1000");
}

}  // namespace

std::optional<GapNull> group_gap_null(std::span<const UserKey> units, std::span<const double> values,
                                      const Groups& groups, std::span<const std::uint32_t> strata,
                                      const GapNullOptions& options) {
  require_permutations(options);
  require_same(values.size(), groups.of().size(), "values");
  require_same(strata.size(), groups.of().size(), "strata");
  const Cases cases(units, groups, options.sizes);
  if (cases.sizes.size() < 2) return std::nullopt;
  const std::vector<Word> words = fixed(values, cases);

  // Places of the cases, stratum after stratum, by key within one.
  std::vector<std::size_t> by_stratum(cases.members.size());
  std::iota(by_stratum.begin(), by_stratum.end(), std::size_t{0});
  std::stable_sort(by_stratum.begin(), by_stratum.end(),
                   [&](std::size_t a, std::size_t b) { return strata[cases.members[a]] < strata[cases.members[b]]; });
  const auto gap_of = [&](std::span<const std::size_t> receivers) {
    std::vector<Word> sums(cases.sizes.size(), 0);
    for (std::size_t at = 0; at < receivers.size(); ++at) sums[cases.labels[by_stratum[at]]] += words[receivers[at]];
    return cases.gap(sums);
  };
  const KeyedRandom random(options.seed, Purpose::permutation);
  std::vector<double> null;
  std::vector<std::uint64_t> order(cases.members.size());
  for (std::size_t b = 0; b < options.permutations; ++b) {
    for (std::size_t c = 0; c < order.size(); ++c) {
      const PhiloxBlock draw = random.block(units[cases.members[c]], 0, 0, static_cast<std::uint32_t>(b));
      order[c] = (std::uint64_t{draw[0]} << 32) | draw[1];
    }
    std::vector<std::size_t> receivers = by_stratum;
    std::stable_sort(receivers.begin(), receivers.end(), [&](std::size_t a, std::size_t c) {
      const std::uint32_t left = strata[cases.members[a]], right = strata[cases.members[c]];
      return left != right ? left < right : order[a] < order[c];
    });
    null.push_back(gap_of(receivers));
  }
  return summary(gap_of(by_stratum), std::move(null));
}

std::optional<GapNull> gap_difference_null(std::span<const UserKey> units, std::span<const double> first,
                                           std::span<const double> second, const Groups& groups,
                                           const GapNullOptions& options) {
  require_permutations(options);
  require_same(first.size(), groups.of().size(), "values");
  require_same(second.size(), groups.of().size(), "values");
  const Cases cases(units, groups, options.sizes);
  if (cases.sizes.size() < 2) return std::nullopt;
  const std::vector<Word> a = fixed(first, cases), b = fixed(second, cases);
  const auto difference = [&](auto swapped) {
    std::vector<Word> left(cases.sizes.size(), 0), right(cases.sizes.size(), 0);
    for (std::size_t c = 0; c < cases.members.size(); ++c) {
      const bool swap = swapped(c);
      left[cases.labels[c]] += swap ? b[c] : a[c];
      right[cases.labels[c]] += swap ? a[c] : b[c];
    }
    return cases.gap(left) - cases.gap(right);
  };
  const KeyedRandom random(options.seed, Purpose::permutation);
  std::vector<double> null;
  for (std::size_t p = 0; p < options.permutations; ++p) {
    null.push_back(std::abs(difference([&](std::size_t c) {
      return (random.block(units[cases.members[c]], k_swap_session, 0, static_cast<std::uint32_t>(p))[0] & 1u) != 0;
    })));
  }
  return summary(difference([](std::size_t) { return false; }), std::move(null));
}

}  // namespace coldframe
