#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/distributed/aligned_buffer.h"

namespace coldframe {

/// Gradient rows of a token-embedding table as (sorted id, row) lists. [n] ids ascending without repeats, [n, width] rows.
struct SparseRows {
  std::int64_t width = 0;
  std::vector<std::int64_t> ids;
  std::vector<float> rows;

  /// Adds the rows of `other`; where both hold an id, this row comes first in the addition.
  void add(const SparseRows& other);
};

/// Groups gradients of gathered rows by id, adding repeats in the order of occurrence.
/// `ids` [T], `gradients` [T, width] row-major.
SparseRows group_rows(std::span<const std::int64_t> ids, std::span<const float> gradients, std::int64_t width);

/// What a lane, a subtree or the whole batch contributes to one pass: dense gradients in flat order and one list of
/// rows per sparse parameter.
struct GradientSum {
  AlignedBuffer dense;             // [P] float32
  std::vector<SparseRows> sparse;  // by sparse parameter

  /// this := this + other, element by element; the order of the operands does not change the bits.
  void add(const GradientSum& other);
};

/// to[i] += from[i].
void add_into(std::span<float> to, std::span<const float> from);

}  // namespace coldframe
