#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace coldframe {

/// Value of a function to be maximised at x; writes its gradient.
using ClimbedFunction = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct LbfgsOptions {
  std::size_t iterations = 100;
  double tolerance = 0;  // stop when an iteration gains less
};

/// Climbs a smooth function by L-BFGS (Nocedal and Wright, "Numerical Optimization", algorithm 7.4) with backtracking
/// until the Armijo condition holds, so the value never decreases. x is start and result; returns the value at the
/// start and after each iteration.
std::vector<double> maximise_lbfgs(const ClimbedFunction& objective, std::span<double> x, const LbfgsOptions& options);

}  // namespace coldframe
