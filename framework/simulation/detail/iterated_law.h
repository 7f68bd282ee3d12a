#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "framework/simulation/detail/logit_law.h"

namespace coldframe::detail {

/// The iterated logit law of IteratedLogit. Weights are taken against no click, whose weight is 1 and always left: the
/// sums below never vanish.
template <class T>
struct IteratedLaw {
  static constexpr double k_largest_logit = 690.0;  // more above no click counts as this
  T scale;
  T no_click;
  std::size_t picks;

  T weight(double utility) const {
    using std::exp;
    const T logit = scale * utility - no_click;
    return plain_value(logit) > k_largest_logit ? T(std::exp(k_largest_logit)) : exp(logit);
  }

  /// Sums over the orders in which the clicked items may have been picked: F(B) = sum_{i in B} F(B - i) w_i / (what is
  /// left before i), a table over the subsets B of clicked items.
  T log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
    using std::log;
    std::vector<T> clicked;
    T passed = T(1);
    for (std::size_t k = 0; k < utilities.size(); ++k) {
      if (clicks[k] != 0) {
        clicked.push_back(weight(utilities[k]));
      } else {
        passed += weight(utilities[k]);
      }
    }
    if (clicked.size() > picks) return T(-std::numeric_limits<double>::infinity());
    const std::size_t subsets = std::size_t{1} << clicked.size();
    std::vector<T> first(subsets, T(0));  // P(the first picks are this set)
    first[0] = T(1);
    for (std::size_t before = 0; before + 1 < subsets; ++before) {
      T left = passed;
      for (std::size_t i = 0; i < clicked.size(); ++i) {
        if ((before >> i & 1) == 0) left += clicked[i];
      }
      const T share = first[before] / left;
      for (std::size_t i = 0; i < clicked.size(); ++i) {
        if ((before >> i & 1) == 0) first[before | std::size_t{1} << i] += share * clicked[i];
      }
    }
    const T sum = log(first.back());
    return clicked.size() < picks ? sum - log(passed) : sum;
  }
};

}  // namespace coldframe::detail
