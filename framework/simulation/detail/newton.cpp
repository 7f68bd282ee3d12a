#include "framework/simulation/detail/newton.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace coldframe::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int k_iterations = 200;
constexpr double k_longest_step = 2.0;
constexpr double k_small_gain = 1e-9;  // that a full step promises
constexpr double k_first_damping = 1e-3;
constexpr double k_most_damping = 1e9;

MatrixXd information_of(const CurvedValue& at) {
  const auto n = static_cast<Index>(at.gradient.size());
  return -Eigen::Map<const MatrixXd>(at.hessian.data(), n, n);
}

bool finite(const CurvedValue& at) {
  const auto good = [](double value) { return std::isfinite(value); };
  return good(at.value) && std::all_of(at.gradient.begin(), at.gradient.end(), good) &&
         std::all_of(at.hessian.begin(), at.hessian.end(), good);
}

void describe_top(NewtonResult& result) {
  const MatrixXd information = information_of(result.top);
  const Index n = information.rows();
  const VectorXd unit = information.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> spectrum(unit.asDiagonal() * information * unit.asDiagonal());
  result.least_curvature = spectrum.eigenvalues()[0];
  const VectorXd weakest = spectrum.eigenvectors().col(0);
  result.weakest.assign(weakest.data(), weakest.data() + n);
  const Eigen::LLT<MatrixXd> factor(information);
  if (factor.info() != Eigen::Success) return;
  const MatrixXd covariance = factor.solve(MatrixXd::Identity(n, n));
  result.covariance.assign(covariance.data(), covariance.data() + n * n);
}

}  // namespace

NewtonResult maximise_newton(const std::function<CurvedValue(std::span<const double> x)>& function,
                             std::span<double> x) {
  NewtonResult result;
  result.top = function(x);
  const auto n = static_cast<Index>(x.size());
  double damping = 0;
  for (int step = 0; step < k_iterations && damping < k_most_damping; ++step) {
    const Eigen::Map<const VectorXd> gradient(result.top.gradient.data(), n);
    MatrixXd damped = information_of(result.top);
    damped.diagonal() += damping * damped.diagonal().cwiseAbs().cwiseMax(1e-6);
    const Eigen::LLT<MatrixXd> factor(damped);
    if (factor.info() != Eigen::Success) {
      damping = std::max(k_first_damping, 4 * damping);
      continue;
    }
    VectorXd move = factor.solve(gradient);
    if (gradient.dot(move) < k_small_gain && damping == 0) {
      result.converged = true;
      break;
    }
    move *= std::min(1.0, k_longest_step / move.cwiseAbs().maxCoeff());
    std::vector<double> there(x.begin(), x.end());
    for (Index i = 0; i < n; ++i) there[static_cast<std::size_t>(i)] += move[i];
    CurvedValue next = function(there);
    if (!finite(next) || next.value < result.top.value) {
      damping = std::max(k_first_damping, 4 * damping);
      continue;
    }
    result.top = std::move(next);
    std::copy(there.begin(), there.end(), x.begin());
    damping = damping < k_first_damping ? 0 : damping / 8;
  }
  describe_top(result);
  return result;
}

}  // namespace coldframe::detail
