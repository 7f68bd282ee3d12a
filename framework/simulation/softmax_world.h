#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Fitted at lambda = 1. Constraints: b sums to 0 over items; b_group sums to 0 over groups weighted by their size, for
/// every item; the rows of q sum to 0. The residual covariance of z is the identity: its scale and rotation live in q.
struct SoftmaxParameters {
  std::size_t items = 0;                 // I
  std::size_t groups = 1;                // G
  std::size_t dimension = 0;             // L
  std::size_t attribute_size = 0;        // P
  std::vector<double> item_bias;         // b [I]
  std::vector<double> group_bias;        // b_g [G, I]
  std::vector<double> item_factors;      // q [I, L]
  std::vector<double> attribute_effect;  // B [L, P]
};

struct SoftmaxFitOptions {
  std::size_t dimension = 4;
  double factor_ridge = 4.0;   // of q
  double group_ridge = 20.0;   // of b_g
  double effect_ridge = 10.0;  // of B
  double pseudo_count = 0.3;   // added likes per item, keeps unseen items in the world
  std::size_t iterations = 80;
  double tolerance = 1e-4;  // stop when an iteration gains less per like
  std::uint64_t seed = 0;
};

struct SoftmaxFit {
  SoftmaxParameters parameters;
  std::vector<double> objective;  // penalised Laplace log-likelihood after each iteration, never decreasing
};

/// Latent softmax world (docs/guide/simulation.md):
///   p(i | u) proportional to exp(lambda b_i + b_{g,i} + z_u . q_i),   z_u ~ N(B x_u, 1)
/// fitted by full-softmax likelihood: a Laplace step gives mode and covariance of every z_u, and L-BFGS climbs the
/// penalised Laplace marginal likelihood with its exact gradient. That is where EM with a Laplace step leads, without
/// its creeping scale of q and without a bound on the expected normaliser. `start` continues from given parameters
/// (bootstrap refits).
SoftmaxFit fit_softmax(const WorldData& data, const SoftmaxFitOptions& options,
                       const SoftmaxParameters* start = nullptr);

/// Laplace marginal log-likelihood per like: the latent state integrated out.
double softmax_log_likelihood(const SoftmaxParameters& parameters, const WorldData& data);

std::unique_ptr<TasteModel> make_softmax_taste(const SoftmaxParameters& parameters, double lambda);

}  // namespace coldframe
