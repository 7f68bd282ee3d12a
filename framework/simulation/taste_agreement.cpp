#include "framework/simulation/taste_agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/evaluation/distributions.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

constexpr double k_undefined = std::numeric_limits<double>::quiet_NaN();

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double total_variation(const std::vector<double>& first, const std::vector<double>& second) {
  const double first_total = sum_of(first), second_total = sum_of(second);
  double distance = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    distance += 0.5 * std::abs(first[i] / first_total - second[i] / second_total);
  }
  return distance;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = sum_of(a) / n, mean_b = sum_of(b) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    ab += (a[k] - mean_a) * (b[k] - mean_b);
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : k_undefined;
}

/// Likes of people in the form in which they are counted again and again under other weights of users.
class CountedLikes {
 public:
  CountedLikes(const WorldData& data, std::span<const std::uint32_t> items)
      : data_(data), items_(items.begin(), items.end()), among_(data.users.size()) {
    std::vector<std::size_t> place(data.item_count, items.size());
    for (std::size_t k = 0; k < items.size(); ++k) place[items[k]] = k;
    for (std::size_t u = 0; u < data.users.size(); ++u) {
      weights_.push_back(data.users[u].weight);
      for (const std::uint32_t item : data.users[u].likes) {
        if (place[item] < items.size()) among_[u].push_back(place[item]);
      }
      std::sort(among_[u].begin(), among_[u].end());
    }
  }

  std::vector<double>& weights() { return weights_; }
  const WorldData& data() const { return data_; }

  std::vector<double> counts() const {
    std::vector<double> counts(data_.item_count, 0.0);
    for (std::size_t u = 0; u < weights_.size(); ++u) {
      if (weights_[u] == 0) continue;
      for (const std::uint32_t item : data_.users[u].likes) counts[item] += weights_[u];
    }
    return counts;
  }

  /// Standardised excess of users who like both, for every pair of items. Expected: each user's likes spread over items
  /// by popularity, so that busy users explain what they explain.
  std::vector<double> pair_excess(const std::vector<double>& counts) const {
    const std::size_t n = items_.size();
    const double total = sum_of(counts);
    std::vector<double> together(n * n, 0.0);
    double pairs = 0;  // sum over users of likes (likes - 1)
    for (std::size_t u = 0; u < weights_.size(); ++u) {
      if (weights_[u] == 0) continue;
      const auto likes = static_cast<double>(data_.users[u].likes.size());
      pairs += weights_[u] * likes * (likes - 1);
      for (std::size_t a = 0; a < among_[u].size(); ++a) {
        double* row = together.data() + among_[u][a] * n;
        for (std::size_t b = a + 1; b < among_[u].size(); ++b) row[among_[u][b]] += weights_[u];
      }
    }
    std::vector<double> excess;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a + 1; b < n; ++b) {
        const double expected = pairs * (counts[items_[a]] / total) * (counts[items_[b]] / total);
        excess.push_back(expected > 0 ? (together[a * n + b] - expected) / std::sqrt(expected) : 0.0);
      }
    }
    return excess;
  }

  std::vector<double> group_departures(const std::vector<double>& counts) const {
    const std::size_t n = items_.size();
    const double total = sum_of(counts);
    std::vector<double> own(data_.group_count * n, 0.0), likes(data_.group_count, 0.0);
    for (std::size_t u = 0; u < weights_.size(); ++u) {
      const WorldUser& user = data_.users[u];
      likes[user.group] += weights_[u] * static_cast<double>(user.likes.size());
      for (const std::size_t k : among_[u]) own[user.group * n + k] += weights_[u];
    }
    std::vector<double> departures;
    for (std::size_t g = 0; g < data_.group_count; ++g) {
      for (std::size_t k = 0; k < n; ++k) {
        departures.push_back(likes[g] > 0 ? own[g * n + k] / likes[g] - counts[items_[k]] / total : 0.0);
      }
    }
    return departures;
  }

 private:
  const WorldData& data_;
  std::vector<std::uint32_t> items_;
  std::vector<std::vector<std::size_t>> among_;  // places in `items` of what a user likes, ascending
  std::vector<double> weights_;                  // [users]
};

struct Numbers {
  double popularity = k_undefined, co_occurrence = k_undefined, groups = k_undefined;
};

Numbers numbers_of(const CountedLikes& a, const CountedLikes& b) {
  const std::vector<double> first = a.counts(), second = b.counts();
  Numbers numbers;
  if (sum_of(first) == 0 || sum_of(second) == 0) return numbers;
  numbers.popularity = total_variation(first, second);
  numbers.co_occurrence = correlation(a.pair_excess(first), b.pair_excess(second));
  if (a.data().group_count > 1) {
    numbers.groups = correlation(a.group_departures(first), b.group_departures(second));
  }
  return numbers;
}

/// What Poisson weights make of one side's users.
class Resampling {
 public:
  Resampling(CountedLikes& side, const BootstrapOptions& options)
      : side_(side), drawn_(side.weights().size(), std::vector<std::uint8_t>(options.replicates)) {
    const KeyedRandom random(options.seed, Purpose::bootstrap);
    for (std::size_t u = 0; u < drawn_.size(); ++u) {
      fill_bootstrap_weights(random, UserKey(side.data().users[u].key), drawn_[u]);
    }
  }
  void take(std::size_t replicate) {
    for (std::size_t u = 0; u < drawn_.size(); ++u) {
      side_.weights()[u] = side_.data().users[u].weight * drawn_[u][replicate];
    }
  }

 private:
  CountedLikes& side_;
  std::vector<std::vector<std::uint8_t>> drawn_;
};

Estimate around(double value, const std::vector<double>& replicates, double lowest, std::size_t users,
                const BootstrapOptions& options) {
  Estimate estimate;
  estimate.value = value;
  estimate.users = users;
  std::vector<double> finite;
  std::copy_if(replicates.begin(), replicates.end(), std::back_inserter(finite),
               [](double replicate) { return std::isfinite(replicate); });
  estimate.undefined_replicates = replicates.size() - finite.size();
  const double tail = 0.5 * (1.0 - options.level);
  if (!std::isfinite(value) ||
      static_cast<double>(estimate.undefined_replicates) > tail * static_cast<double>(replicates.size())) {
    return estimate;
  }
  estimate.standard_error = std::sqrt(sample_variance(finite));
  const double reach = normal_quantile(1.0 - tail) * estimate.standard_error;
  estimate.interval = Interval{std::max(lowest, value - reach), std::min(1.0, value + reach)};
  return estimate;
}

}  // namespace

double popularity_distance(const WorldData& a, const WorldData& b) {
  return total_variation(CountedLikes(a, {}).counts(), CountedLikes(b, {}).counts());
}

double co_occurrence_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items) {
  return numbers_of(CountedLikes(a, items), CountedLikes(b, items)).co_occurrence;
}

double group_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items) {
  return numbers_of(CountedLikes(a, items), CountedLikes(b, items)).groups;
}

TasteAgreement taste_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items,
                               const BootstrapOptions& options) {
  CountedLikes first(a, items), second(b, items);
  const Numbers value = numbers_of(first, second);
  std::vector<double> popularity, co_occurrence, groups;
  Resampling of_first(first, options), of_second(second, options);
  for (std::size_t r = 0; r < options.replicates; ++r) {
    of_first.take(r);
    of_second.take(r);
    const Numbers numbers = numbers_of(first, second);
    popularity.push_back(numbers.popularity);
    co_occurrence.push_back(numbers.co_occurrence);
    groups.push_back(numbers.groups);
  }
  const std::size_t users = b.users.size();
  return {around(value.popularity, popularity, 0.0, users, options),
          around(value.co_occurrence, co_occurrence, -1.0, users, options),
          around(value.groups, groups, -1.0, users, options)};
}

}  // namespace coldframe
