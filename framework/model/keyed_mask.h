#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "framework/core/philox.h"
#include "framework/model/packed_batch.h"

namespace coldframe {

/// Where a row of a mask starts in the counter space: (view key 64 bit, token 32, column / 4 32).
struct MaskRow {
  std::uint64_t view_key = 0;
  std::uint32_t token = 0;
  std::uint32_t first_block = 0;  // column / 4 of the row's first element
};

/// The mask of one dropout site in one pass of one step: element dropped when its word is below rate * 2^32, kept ones
/// scaled by 1 / (1 - rate). Philox key = hash(seed, Purpose::dropout, step, pass, site).
struct MaskKey {
  MaskKey(const DropoutContext& dropout, std::uint64_t site, double rate);

  PhiloxKey key;
  std::uint32_t threshold;
  float scale;
};

/// Names a site ("layer.3.attention.probabilities") in mask keys, independent of which other sites exist.
std::uint64_t mask_site(std::string_view name);

/// out[r, c] = in[r, c] * mask(rows[r], c), row by row, `columns` elements each; in == out is allowed. The bits do not
/// depend on the instruction set or on how rows are split over calls.
void apply_mask(const MaskKey& key, std::span<const MaskRow> rows, std::int64_t columns, const float* in, float* out);

}  // namespace coldframe
