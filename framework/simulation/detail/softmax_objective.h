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

/// Layout of the vector that the M step climbs: b [I], then b_g [G, I], then q as L columns of [I].
struct SoftmaxLayout {
  std::size_t items, groups, dimension;
  std::size_t size() const { return items * (1 + groups + dimension); }
};
std::vector<double> to_flat(const SoftmaxParameters& parameters);
void from_flat(std::span<const double> flat, SoftmaxParameters& parameters);

/// Newton steps on the concave log posterior of z, from `start`. Exact up to 1e-10 in the gradient.
UserPosterior laplace(const SoftmaxParameters& parameters, const WorldUser& user, const Eigen::VectorXd& start);
std::vector<UserPosterior> laplace_all(const SoftmaxParameters& parameters, const WorldData& data,
                                       const std::vector<UserPosterior>* start = nullptr);

/// -(ridge penalties) + pseudo-count term of the parameters; `gradient` of the flat part is added when not empty.
double log_prior(std::span<const double> flat, const SoftmaxLayout& layout, std::span<const double> group_shares,
                 const SoftmaxFitOptions& options, std::span<double> gradient);
double effect_log_prior(const SoftmaxParameters& parameters, const SoftmaxFitOptions& options);

/// Expected full-softmax log-likelihood under the posteriors plus log prior, with its gradient:
///   sum_u w_u [ sum_{i liked} (b_i + b_gi + m_u.q_i) - n_u log sum_j exp(b_j + b_gj + m_u.q_j + q_j'S_u q_j / 2) ].
double expected_log_likelihood(const WorldData& data, const std::vector<UserPosterior>& posteriors,
                               const SoftmaxLayout& layout, const SoftmaxFitOptions& options,
                               std::span<const double> flat, std::span<double> gradient);

}  // namespace coldframe::detail
