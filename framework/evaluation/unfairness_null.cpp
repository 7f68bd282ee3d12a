#include "framework/evaluation/unfairness_null.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {
namespace {

constexpr std::uint32_t k_session = 2;  // the nulls of gaps have 0 and 1

/// Sums over the pairs of some users.
struct Sums {
  std::vector<double> error;  // by item: predicted - rating
  std::vector<double> pairs;  // by item
  double predicted = 0.0;
  double count = 0.0;

  explicit Sums(std::size_t items) : error(items, 0.0), pairs(items, 0.0) {}
};

/// Users in an order that keys alone decide.
class Comparison {
 public:
  Comparison(const RatedUsers& rated, std::span<const double> predicted, std::span<const Side> sides,
             std::span<const std::uint32_t> strata)
      : rated_(rated),
        predicted_(predicted),
        items_(rated.items.empty() ? 0 : *std::ranges::max_element(rated.items) + 1) {
    for (std::size_t u = 0; u < rated.users.size(); ++u) {
      if (sides[u] != Side::neither) order_.push_back(u);
    }
    std::ranges::sort(order_, [&](std::size_t a, std::size_t b) {
      return strata[a] != strata[b] ? strata[a] < strata[b] : rated.users[a] < rated.users[b];
    });
    for (const std::size_t u : order_) labels_.push_back(sides[u]);
    const auto group = std::ranges::count(labels_, Side::group);
    smaller_ = 2 * group <= std::ssize(labels_) ? Side::group : Side::rest;
    all_ = sums_of(order_, [](std::size_t) { return true; });
  }

  const std::vector<std::size_t>& order() const { return order_; }
  bool both_sides() const {
    return std::ranges::count(labels_, Side::group) > 0 && std::ranges::count(labels_, Side::rest) > 0;
  }

  /// With the labels given to other users: the label of place i goes to receivers[i].
  RatingUnfairness unfairness(const std::vector<std::size_t>& receivers) const {
    const Sums some = sums_of(receivers, [&](std::size_t place) { return labels_[place] == smaller_; });
    RatingUnfairness result;
    for (std::size_t item = 0; item < items_; ++item) {
      const double others = all_.pairs[item] - some.pairs[item];
      if (all_.pairs[item] == 0.0) continue;
      if (some.pairs[item] == 0.0 || others == 0.0) {
        ++result.items_left_out;
        continue;
      }
      ++result.items;
      const double a = some.error[item] / some.pairs[item], b = (all_.error[item] - some.error[item]) / others;
      result.value += std::abs(a - b);
      result.absolute += std::abs(std::abs(a) - std::abs(b));
      result.under += std::abs(std::max(0.0, -a) - std::max(0.0, -b));
      result.over += std::abs(std::max(0.0, a) - std::max(0.0, b));
    }
    for (double* sum : {&result.value, &result.absolute, &result.under, &result.over}) {
      *sum /= std::max(1.0, static_cast<double>(result.items));
    }
    result.non_parity =
        std::abs(some.predicted / some.count - (all_.predicted - some.predicted) / (all_.count - some.count));
    return result;
  }

 private:
  template <class Chosen>
  Sums sums_of(const std::vector<std::size_t>& receivers, Chosen chosen) const {
    Sums sums(items_);
    for (std::size_t place = 0; place < receivers.size(); ++place) {
      if (!chosen(place)) continue;
      const std::size_t user = receivers[place], begin = user == 0 ? 0 : rated_.ends[user - 1];
      for (std::size_t pair = begin; pair < rated_.ends[user]; ++pair) {
        sums.error[rated_.items[pair]] += predicted_[pair] - rated_.ratings[pair];
        sums.pairs[rated_.items[pair]] += 1.0;
        sums.predicted += predicted_[pair];
      }
      sums.count += static_cast<double>(rated_.ends[user] - begin);
    }
    return sums;
  }

  const RatedUsers& rated_;
  std::span<const double> predicted_;
  std::size_t items_;
  std::vector<std::size_t> order_;  // by stratum, then by key
  std::vector<Side> labels_;        // by place of the order
  Side smaller_ = Side::group;      // the measures are symmetric, so the side with less work is summed
  Sums all_{0};
};

void require_lengths(const RatedUsers& rated, std::size_t predicted, std::size_t sides, std::size_t strata) {
  const std::size_t users = rated.users.size(), pairs = rated.items.size();
  const bool fits = rated.ends.size() == users && sides == users && strata == users && predicted == pairs &&
                    rated.ratings.size() == pairs && (users == 0 ? pairs == 0 : rated.ends.back() == pairs) &&
                    std::ranges::is_sorted(rated.ends);
  if (fits) return;
  throw DataError(fmt::format("{} users and {} pairs of a null of unfairness", users, pairs),
                  "users need an end, a side and a stratum each, pairs a rating and a prediction");
}

constexpr std::array k_measures = {&RatingUnfairness::value, &RatingUnfairness::absolute, &RatingUnfairness::under,
                                   &RatingUnfairness::over, &RatingUnfairness::non_parity};

}  // namespace

std::optional<UnfairnessNull> rating_unfairness_null(const RatedUsers& rated, std::span<const double> predicted,
                                                     std::span<const Side> sides, std::span<const std::uint32_t> strata,
                                                     const UnfairnessNullOptions& options) {
  require_lengths(rated, predicted.size(), sides.size(), strata.size());
  if (options.permutations < 1) throw ConfigError("a null of 0 permutations", "at least one is needed", "use 199");
  const Comparison comparison(rated, predicted, sides, strata);
  if (!comparison.both_sides()) return std::nullopt;
  UnfairnessNull result{comparison.unfairness(comparison.order()), {}, 1.0};
  if (result.found.items == 0) return std::nullopt;
  const KeyedRandom random(options.seed, Purpose::permutation);
  std::array<std::vector<double>, k_measures.size()> null;
  std::size_t extreme = 0;
  std::vector<std::uint64_t> drawn(rated.users.size());
  for (std::size_t b = 0; b < options.permutations; ++b) {
    for (const std::size_t u : comparison.order()) {
      const PhiloxBlock words = random.block(rated.users[u], k_session, 0, static_cast<std::uint32_t>(b));
      drawn[u] = (std::uint64_t{words[0]} << 32) | words[1];
    }
    std::vector<std::size_t> receivers = comparison.order();
    std::ranges::stable_sort(receivers, [&](std::size_t a, std::size_t c) {
      return strata[a] != strata[c] ? strata[a] < strata[c] : drawn[a] < drawn[c];
    });
    const RatingUnfairness found = comparison.unfairness(receivers);
    for (std::size_t m = 0; m < k_measures.size(); ++m) null[m].push_back(found.*k_measures[m]);
    if (found.value >= result.found.value) ++extreme;
  }
  result.null_95 = result.found;
  for (std::size_t m = 0; m < k_measures.size(); ++m) {
    std::ranges::sort(null[m]);
    result.null_95.*k_measures[m] = sorted_quantile(null[m], 0.95);
  }
  result.p_value = (1.0 + static_cast<double>(extreme)) / (1.0 + static_cast<double>(options.permutations));
  return result;
}

}  // namespace coldframe
