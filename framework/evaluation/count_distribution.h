#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coldframe {

/// How often each number 0, 1, 2, ... was counted: clicks of a page, pages of a session.
class CountDistribution {
 public:
  void add(std::size_t count, double weight = 1.0);
  void add(const CountDistribution& other);
  double total() const { return total_; }
  double mean() const;
  /// The smallest number whose cumulative share exceeds p in [0, 1): a draw of the distribution for a uniform p.
  std::size_t quantile(double p) const;
  /// Whether all of it is one number.
  bool constant() const;

  /// Kolmogorov and Smirnov's distance: the largest difference between two cumulative distributions. NaN when one is
  /// empty. Counts are discrete: compare it with what redraws of one law show, not with the tables for continuous data.
  friend double ks_distance(const CountDistribution& a, const CountDistribution& b);

 private:
  std::vector<double> weights_;
  double total_ = 0;
};

double ks_distance(const CountDistribution& a, const CountDistribution& b);

}  // namespace coldframe
