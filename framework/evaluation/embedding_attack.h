#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/evaluation/linear_scorer.h"

namespace coldframe {

/// A shift of a query that tries to change the set of its top K.
struct EmbeddingAttack {
  std::vector<double> shift;  // [D], no longer than asked for
  double margin = 0.0;        // smallest s_i - s_j under it, i in the clean top K, j outside
  bool succeeded = false;     // margin < 0: an item from outside overtook one of the top K
};

struct ProjectedAttackOptions {
  std::size_t steps = 20;
  double step = 0.25;        // of the radius
  std::size_t restarts = 4;  // the first one starts at the clean query, the others uniformly in the ball
  std::size_t targets = 16;  // items from outside that are pushed, one attack for each
  std::uint64_t seed = 1;
  UserKey user;  // names the starts
};

/// Fast gradient method in l2 (Goodfellow et al., arXiv 1412.6572; Miyato et al., arXiv 1605.07725):
///   d = eps g / ||g||_2 with g the gradient of the loss -min_{i in top K, j outside} (s_i - s_j), in closed form
/// v_j - v_i of the closest pair. One step, exact for K = 1 and two candidates only.
EmbeddingAttack fast_gradient_attack(const LinearScorer& scorer, std::span<const double> query,
                                     std::span<const ItemId> masked, std::size_t k, double radius);

/// Projected gradient descent in the l2 ball (Madry et al., arXiv 1706.06083), one run per pushed item
/// (multi-targeted: Gowal et al., arXiv 1910.09338):
///   d <- project(d + a g / ||g||_2), g = v_j - v_{i*}, i* the item of the top K that is worst under d.
/// Pushed are the items outside with the smallest (s_i - s_j) / ||v_i - v_j|| against the last of the top K. The
/// strongest of all runs is returned. A margin is concave in d, so descent may end in a local minimum: restarts.
EmbeddingAttack projected_gradient_attack(const LinearScorer& scorer, std::span<const double> query,
                                          std::span<const ItemId> masked, std::size_t k, double radius,
                                          const ProjectedAttackOptions& options = {});

}  // namespace coldframe
