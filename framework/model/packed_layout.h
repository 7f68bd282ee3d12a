#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "framework/model/keyed_mask.h"
#include "framework/model/packed_batch.h"

namespace coldframe {

/// What every layer needs to know about a packed batch, worked out once per forward pass.
struct PackedLayout {
  /// `padding`: rows behind the last token that belong to no text, so that products of many batches share a shape.
  /// `first_position`: of every text.
  explicit PackedLayout(const PackedBatch& batch, std::int64_t padding = 0, std::int64_t first_position = 0);

  std::vector<std::int64_t> row_offsets;  // [N + 1]
  std::vector<std::uint64_t> view_keys;   // [N]
  std::vector<MaskRow> token_rows;  // [T + padding], mask row of every token: its text's view, its place, column 0
  at::Tensor positions;             // [T] int64, rows of the position table
  std::int64_t longest = 0;         // tokens of the longest text

  std::int64_t texts() const { return static_cast<std::int64_t>(view_keys.size()); }
  std::int64_t tokens() const { return row_offsets.back(); }
  std::int64_t rows() const { return static_cast<std::int64_t>(token_rows.size()); }
};

}  // namespace coldframe
