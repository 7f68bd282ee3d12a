#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// What the loss of a step compares, decided by the plan and known to every rank. Rows are rows of the gathered
/// embeddings [U, D] in plan order.
struct LossBatch {
  std::vector<std::size_t> anchor_rows;           // [B] user texts
  std::vector<std::size_t> second_rows;           // [B] the same texts under other dropout; empty with one view
  std::vector<std::size_t> candidate_rows;        // [C] item texts
  std::vector<ItemId> candidate_items;            // [C]
  std::vector<std::size_t> positives;             // [B] index of the anchor's own positive among the candidates
  std::vector<std::vector<std::size_t>> known;    // [B] other candidates the user is known to like (role T)
  std::vector<float> log_inclusion;               // [C] log pi_j, empty without correction
  std::vector<float> log_prior;                   // [C] log prior_j of role T, empty when the plan knows none
  /// Of a stream of tasks: the last anchors are pairs of earlier ones, from these places of the memory.
  std::vector<std::size_t> replayed;
  std::vector<std::size_t> probe_rows;            // items whose vectors are wanted beside the candidates
  std::vector<double> weights;                    // [B] of the anchors' losses; empty: 1 / B each
  std::vector<std::int32_t> groups;               // [B] group of the anchor's user, -1: none; empty: nobody has one

  double weight(std::size_t anchor) const {
    return weights.empty() ? 1.0 / static_cast<double>(anchor_rows.size()) : weights[anchor];
  }
};

}  // namespace coldframe
