#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "framework/simulation/detail/logit_law.h"

namespace coldframe::detail {

/// The position-based law of PositionBased.
template <class T>
struct PositionLaw {
  Attraction<T> attraction;
  T decay;

  /// theta_k = k^-decay, k = 1, 2, ...
  T examined(std::size_t position) const {
    using std::exp;
    return exp(decay * -std::log(static_cast<double>(position + 1)));
  }

  T log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
    using std::log;
    T sum = T(0);
    for (std::size_t k = 0; k < utilities.size(); ++k) {
      const T p = examined(k) * attraction(utilities[k]);
      sum += log(clicks[k] != 0 ? p : 1.0 - p);
    }
    return sum;
  }
};

}  // namespace coldframe::detail
