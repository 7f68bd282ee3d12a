#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// What the loss of a step compares, decided by the plan and known to every rank. Rows are rows of the gathered
/// embeddings [U, D] in plan order.
struct LossBatch {
  std::vector<std::size_t> anchor_rows;           // [B] user texts
  std::vector<std::size_t> candidate_rows;        // [C] item texts
  std::vector<ItemId> candidate_items;            // [C]
  std::vector<std::size_t> positives;             // [B] index of the anchor's own positive among the candidates
  std::vector<std::vector<std::size_t>> known;    // [B] other candidates the user is known to like (role T)
  std::vector<float> log_inclusion;               // [C] log pi_j, empty without correction
  std::vector<float> log_prior;                   // [C] log prior_j of role T, empty when the plan knows none
};

}  // namespace coldframe
