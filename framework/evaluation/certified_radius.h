#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "framework/evaluation/linear_scorer.h"

namespace coldframe {

/// Two items that a shift of the query of length `radius` brings level, and no shorter one does.
struct CriticalPair {
  ItemId above;
  ItemId below;
  double radius = std::numeric_limits<double>::infinity();  // no shift of the query changes their order
};

/// How far a query may move, in any direction, before the top K changes.
struct CertifiedRadius {
  std::vector<ItemId> top;  // K items, or all candidates when there are fewer; best first
  CriticalPair set;         // the pair at which the set of the top K changes first
  CriticalPair order;       // the pair at which the set or its order changes first
  std::size_t pairs_measured = 0;
};

/// Closed form for s_i = q . v_i + b_i and every shift d of q: against the pair (i, j) the worst margin at ||d|| = eps
/// is (s_i - s_j) - eps ||v_i - v_j||, reached by d = -eps (v_i - v_j) / ||v_i - v_j||. The set of the top K survives
/// every
/// ||d||_2 < r, and some shift of length r brings a pair level, with
///   r = min over i in the top K, j outside, of (s_i - s_j) / ||v_i - v_j||;
/// the order survives the same minimum with j over all items below i. Equal scores: radius 0. Equal vectors with other
/// offsets never change places: they bound nothing.
/// Exact pruning: a pair can lower r only when s_i - s_j < r (||v_i|| + ||v_j||); all others are never measured.
/// Query [D], unit under `cosine`. There a query that is kept at unit length cannot take every d, so the certificate
/// holds and is no longer tight. Masked items are no candidates.
CertifiedRadius certified_radius(const LinearScorer& scorer, std::span<const double> query,
                                 std::span<const ItemId> masked, std::size_t k);

}  // namespace coldframe
