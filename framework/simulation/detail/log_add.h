#pragma once

#include <algorithm>
#include <cmath>

namespace coldframe::detail {

/// log(e^a + e^b); -infinity is log 0.
inline double log_add(double a, double b) {
  const double high = std::max(a, b);
  return std::isinf(high) ? high : high + std::log1p(std::exp(std::min(a, b) - high));
}

}  // namespace coldframe::detail
