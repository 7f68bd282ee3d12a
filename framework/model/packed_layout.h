#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "framework/model/keyed_mask.h"
#include "framework/model/packed_batch.h"

namespace coldframe {

/// What stands among the rows of a batch besides tokens.
struct RowPlan {
  std::int64_t padding = 0;         // behind the last, of no text, so that products of many batches share a shape
  std::int64_t first_position = 0;  // of the first row of every text
  std::int64_t prompt = 0;          // in front of every text
};

/// What every layer needs to know about a packed batch, worked out once per forward pass.
struct PackedLayout {
  explicit PackedLayout(const PackedBatch& batch, const RowPlan& plan = {});

  std::int64_t prompt;                    // rows in front of the tokens of each text
  std::vector<std::int64_t> row_offsets;  // [N + 1], where texts begin, with their prompts
  std::vector<std::uint64_t> view_keys;   // [N]
  /// [T + padding], mask row of every row: its text's view, its place, column 0. Prompts count backwards from the first
  /// token, so that masks of tokens are the same without them.
  std::vector<MaskRow> token_rows;
  at::Tensor positions;      // [T] int64, rows of the position table
  std::int64_t longest = 0;  // rows of the longest text

  std::int64_t texts() const { return static_cast<std::int64_t>(view_keys.size()); }
  std::int64_t tokens() const { return row_offsets.back(); }  // T, rows of texts: tokens and prompts
  std::int64_t rows() const { return static_cast<std::int64_t>(token_rows.size()); }
};

}  // namespace coldframe
