#include "framework/reporting/pareto.h"

#include "framework/core/error.h"

namespace coldframe {

bool dominates(const ParetoPoint& a, const ParetoPoint& b) {
  CF_EXPECTS(a.costs.size() == b.costs.size());
  bool better = a.quality > b.quality;
  if (a.quality < b.quality) return false;
  for (std::size_t c = 0; c < a.costs.size(); ++c) {
    if (a.costs[c] > b.costs[c]) return false;
    better = better || a.costs[c] < b.costs[c];
  }
  return better;
}

std::vector<std::size_t> dominators(std::span<const ParetoPoint> points) {
  std::vector<std::size_t> best;
  for (std::size_t i = 0; i < points.size(); ++i) {
    best.push_back(i);
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (!dominates(points[j], points[i])) continue;
      if (best[i] == i || points[j].quality > points[best[i]].quality) best[i] = j;
    }
  }
  return best;
}

}  // namespace coldframe
