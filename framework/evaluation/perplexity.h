#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace coldframe {

/// Perplexity of predicted clicks by position, 2^(-(1/N) sum log2 p) over the N pages that have the position, p the
/// probability that was given to what happened there: 1 is certain and right, 2 a coin, infinity a certainty that
/// failed. With p given the clicks above it is the conditional form, without them the plain one (Dupret and Piwowarski,
/// SIGIR 2008, as PyClick's PerplexityCond and Perplexity have them).
class Perplexity {
 public:
  /// One page: p [S], in display order.
  void add(std::span<const double> p);

  std::vector<double> by_position() const;
  /// Over positions, each counting once; NaN without pages.
  double mean() const;

 private:
  std::vector<double> log2_sum_;  // [positions]
  std::vector<std::size_t> pages_;
};

}  // namespace coldframe
