#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Fitted at lambda = 1. Links are sparse: anchor a has those at [link_begin[a], link_begin[a + 1]), items ascending.
struct ChainParameters {
  std::size_t items = 0;                  // I
  std::size_t groups = 1;                 // G
  std::size_t attribute_size = 0;         // P
  std::size_t length = 3;                 // anchors of a newcomer
  std::vector<double> item_bias;          // b [I]
  std::vector<double> group_bias;         // b_g [G, I], sums to 0 over groups weighted by their size
  std::vector<double> attribute_effect;   // A [P, I]
  std::vector<std::uint64_t> link_begin;  // [I + 1]
  std::vector<std::uint32_t> link_item;   // [E]
  std::vector<double> link_strength;      // S [E]
};

struct ChainFitOptions {
  std::size_t length = 3;
  std::size_t neighbours = 16;  // links kept per anchor at most
  double link_ridge = 2.0;
  double bias_ridge = 20.0;  // of b_g and A
  double pseudo_count = 0.3;
  std::size_t iterations = 80;
  double tolerance = 1e-4;  // stop when an iteration gains less per like
  std::uint64_t seed = 0;
};

struct ChainFit {
  ChainParameters parameters;
  std::vector<double> objective;  // penalised composite log-likelihood after each iteration, never decreasing
};

/// Item-item log-linear chain, a taste without factors and without topics. A newcomer has `length` hidden anchors,
/// items loved elsewhere, each drawn given those before it; what is liked now follows from the anchors:
///   p(a_t | a_1 .. a_{t-1})  proportional to  exp(b_i + A_i . x + sum_{s<t} S_{a_s, i})   (no anchor twice)
///   p(i | u)                 proportional to  exp(lambda b_i + b_{g,i} + sum_t S_{a_t, i})
/// Attributes decide where the chain starts. lambda leaves the anchors alone: a newcomer is the same person for each.
///
/// Fitted by order-agnostic composite likelihood (Uria, Murray and Larochelle, "A deep and tractable density
/// estimator", ICML'14): in keyed splits 0 .. length likes of a user play the anchors and the others are predicted from
/// them, by L-BFGS with the exact gradient. Links exist where two items are liked together more often than their
/// popularity says. `start` continues from given parameters and keeps their links (bootstrap refits).
ChainFit fit_chain(const WorldData& data, const ChainFitOptions& options, const ChainParameters* start = nullptr);

/// Latent state [2 (length + 3)]: items of the slots, then their weights, which sum to `length`. Drift lowers all
/// weights by the factor 1 - rate and gives what is lost to the clicked item; without a free slot the lightest anchor
/// is forgotten for it. Likeness of i and j is 1 - exp(-max(0, (S_ij + S_ji) / 2)).
std::unique_ptr<TasteModel> make_chain_taste(const ChainParameters& parameters, double lambda);

}  // namespace coldframe
