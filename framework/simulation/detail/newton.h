#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace coldframe::detail {

/// A function at one point: value, gradient [N], Hessian [N, N].
struct CurvedValue {
  double value = 0;
  std::vector<double> gradient;
  std::vector<double> hessian;
};

struct NewtonResult {
  CurvedValue top;
  bool converged = false;
  std::vector<double> covariance;  // [N, N] inverse of minus the Hessian; empty where that is singular
  std::vector<double> weakest;     // [N] unit vector of least curvature, in parameters of unit information
  double least_curvature = 0;      // along it: 1 for independent parameters, 0 for a flat direction
};

/// Climbs a smooth function by Newton's method, damped (Levenberg and Marquardt) where it is not concave or a step
/// does not climb. x is start and result.
NewtonResult maximise_newton(const std::function<CurvedValue(std::span<const double> x)>& function,
                             std::span<double> x);

}  // namespace coldframe::detail
