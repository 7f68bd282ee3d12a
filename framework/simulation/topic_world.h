#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Fitted at lambda = 1. Shares of a newcomer: softmax(mean + B x + spread . normals).
struct TopicParameters {
  std::size_t items = 0;                 // I
  std::size_t topics = 0;                // L
  std::size_t attribute_size = 0;        // P
  std::vector<double> topic_items;       // phi [L, I], rows sum to 1
  std::vector<double> item_share;        // [I] popularity, what lambda removes
  std::vector<double> mean;              // [L]
  std::vector<double> attribute_effect;  // B [L, P]
  std::vector<double> spread;            // lower triangular [L, L]
};

struct TopicFitOptions {
  std::size_t topics = 8;
  double item_prior = 20.0;  // pseudo-likes per topic, spread like popularity
  double share_prior = 4.0;  // pseudo-likes per user, spread like the topics' sizes
  double effect_ridge = 10.0;
  double pseudo_count = 0.3;  // added likes per item
  std::size_t iterations = 100;
  double tolerance = 1e-6;  // of the objective per like
  std::uint64_t seed = 0;
};

struct TopicFit {
  TopicParameters parameters;
  std::vector<double> objective;  // penalised log-likelihood after each iteration, never decreasing
};

/// Topic mixture, a taste that is no inner product: p(i | u) = sum_t theta_ut phi_ti, fitted by EM with Dirichlet
/// priors on phi and theta (Hofmann, "Probabilistic latent semantic analysis", UAI'99); the law of theta is then a
/// logistic normal regression on the attributes (Blei and Lafferty, "A correlated topic model of Science", 2007).
/// lambda: phi_ti is multiplied by item_share_i^(lambda - 1) and normalised again.
TopicFit fit_topics(const WorldData& data, const TopicFitOptions& options, const TopicParameters* start = nullptr);

std::unique_ptr<TasteModel> make_topic_taste(const TopicParameters& parameters, double lambda);

}  // namespace coldframe
