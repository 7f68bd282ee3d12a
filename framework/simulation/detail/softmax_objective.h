#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <span>
#include <vector>

#include "framework/simulation/softmax_world.h"
#include "framework/simulation/world_data.h"

namespace coldframe::detail {

/// Gaussian approximation of a user's latent state: mode [L], covariance [L, L], and the Laplace approximation of
/// log integral p(likes | z) N(z; B x, 1) dz.
struct UserPosterior {
  Eigen::VectorXd mode;
  Eigen::MatrixXd covariance;
  double log_evidence = 0;
};

/// The parameters as one vector: b [I], b_g [G, I], q as L columns of [I], B [L, P].
std::vector<double> to_flat(const SoftmaxParameters& parameters);
/// Sizes are those that `parameters` has already.
void from_flat(std::span<const double> flat, SoftmaxParameters& parameters);

/// Modes by Newton steps on the concave log posteriors, exact to 1e-10 in the gradient.
std::vector<UserPosterior> laplace_all(const SoftmaxParameters& parameters, const WorldData& data);

/// Pseudo-count term minus ridge penalties; adds its gradient to `gradient` when that is not empty.
double log_prior(std::span<const double> flat, const SoftmaxParameters& shape, std::span<const double> group_shares,
                 const SoftmaxFitOptions& options, std::span<double> gradient);

/// Penalised Laplace marginal log-likelihood at `flat` and its exact gradient, which includes how the modes and the
/// curvature move with the parameters. With p the probabilities at the mode z of a user with n likes, mu = sum p_j q_j,
/// S = H^-1, H = n Cov_p(q) + 1, g_j = (q_j - mu)'S(q_j - mu), r_j = n p_j (g_j - sum p g) / 2, a = S sum r_j q_j:
///   d/d eta_j = n_j - n p_j - r_j + n p_j (q_j - mu).a      (eta_j = b_j + b_gj + z.q_j; q_j also directly)
///   d/d q_j   = -n p_j S (q_j - mu) - (n_j - n p_j) a,   d/d B = (z - B x - a) x'.
/// `posteriors` are where the Newton steps start, and what they found.
double laplace_objective(const WorldData& data, const SoftmaxParameters& shape, const SoftmaxFitOptions& options,
                         std::vector<UserPosterior>& posteriors, std::span<const double> flat,
                         std::span<double> gradient);

}  // namespace coldframe::detail
