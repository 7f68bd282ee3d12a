#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/philox.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {

struct Interval {
  double low = 0.0;
  double high = 0.0;
  /// An interval that ends at the value contains it.
  bool contains(double value) const { return low <= value && value <= high; }
};

/// A statistic over users with its uncertainty.
struct Estimate {
  double value = 0.0;
  double standard_error = 0.0;
  std::optional<Interval> interval;  // empty when it is undefined: no users, or too many degenerate replicates
  std::size_t users = 0;
  std::size_t undefined_replicates = 0;  // no user drawn, or a denominator of 0
};

struct BootstrapOptions {
  std::size_t replicates = 2000;
  double level = 0.95;
  std::uint64_t seed = 1;
};

/// Poisson(1) weights of one user for all replicates: from Philox keyed (seed, bootstrap), counter (user, replicate /
/// 4), word replicate % 4. A function of the user's key alone, so rows evaluated apart are still resampled together.
void fill_bootstrap_weights(const KeyedRandom& random, UserKey user, std::span<std::uint8_t> weights);

/// Paired bootstrap with users as units: in replicate b user u counts w(u,b) ~ Poisson(1) times, in every column. One
/// pass over users; sums in fixed point, so that shards merged in any order give the same bits.
/// A column is one metric of one policy at one k; x_c(u) its value for user u.
/// Thread-safety: one caller per object; use one object per shard and merge.
class PairedBootstrap {
 public:
  PairedBootstrap(std::size_t columns, const BootstrapOptions& options);

  /// values [columns]. Each user once: two users with one key would get the same weights.
  void add(UserKey user, std::span<const double> values);
  /// Throws DataError when columns, seed or number of replicates differ.
  void merge(const PairedBootstrap& other);

  /// mean x_c; replicate: sum w x / sum w.
  Estimate mean(std::size_t column) const;
  /// mean x_a - mean x_b over the same users.
  Estimate difference(std::size_t a, std::size_t b) const;
  /// sum x_a / sum x_b: a ratio metric (clicks over slots), or the ratio of two means (strategy over popularity).
  Estimate ratio(std::size_t numerator, std::size_t denominator) const;
  struct Ratio {
    std::size_t numerator = 0, denominator = 0;  // columns
  };
  /// One such ratio less another over the same users.
  Estimate ratio_difference(const Ratio& a, const Ratio& b) const;
  /// sum_c coefficients_c mean x_c; differences of differences and the like.
  Estimate contrast(std::span<const double> coefficients) const;

  /// Level of the intervals asked for from now on; the replicates stay.
  void set_level(double level);
  std::size_t users() const { return users_; }
  /// All sums as plain words for a message between ranks; merge_state adds one.
  std::vector<std::uint64_t> state() const;
  void merge_state(std::span<const std::uint64_t> state);

 private:
  template <class Statistic>
  Estimate estimate(Statistic statistic) const;
  double replicate_sum(std::size_t column, std::size_t replicate) const;

  BootstrapOptions options_;
  std::size_t columns_;
  KeyedRandom random_;
  std::size_t users_ = 0;
  std::vector<UserSum> totals_;         // [columns]
  std::vector<UserSum> sums_;           // [columns, replicates]
  std::vector<std::uint64_t> weights_;  // [replicates] sum of weights
  std::vector<std::uint8_t> drawn_;     // [replicates] weights of the user being added
};

/// Value at probability p of an ascending list, linear between order statistics (Hyndman and Fan's type 7).
double sorted_quantile(std::span<const double> ascending, double p);

}  // namespace coldframe
