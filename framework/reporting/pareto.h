#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace coldframe {

/// Whether a beats b: at least as good and as cheap in everything, and better or cheaper in something. Smaller costs
/// are better, all of them.
struct ParetoPoint {
  double quality = 0;
  std::vector<double> costs;
};
bool dominates(const ParetoPoint& a, const ParetoPoint& b);

/// For every point the one of those that dominate it whose quality is largest, or its own place when none does.
std::vector<std::size_t> dominators(std::span<const ParetoPoint> points);

}  // namespace coldframe
