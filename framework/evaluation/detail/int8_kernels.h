#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "framework/evaluation/detail/score_kernels.h"

namespace coldframe::detail {

// Vectors rounded to whole numbers from -127 to 127 times a scale of their own, four coordinates at a time; tiles of 8
// users x 32 items as in score_kernels.h. Coordinates of users are stored with 128 added, which the products want.

struct alignas(32) UserQuad {
  std::uint8_t values[k_tile_users][4];
};

struct alignas(64) ItemQuad {
  std::int8_t values[k_panel_items][4];
};

/// What a panel of 32 items knows beside its coordinates.
struct alignas(64) Int8Panel {
  std::int32_t offsets[k_panel_items];  // -128 times the sum of the coordinates
  float scales[k_panel_items];
  float prior[k_panel_items];
  // Largest over the items: length of what rounding took away, length of a vector, rounding of scale and prior.
  float residual = 0;
  float length = 0;
  float slack = 0;
};

/// Of the users of a tile, [8] each. An item leaves when its score lies below floor - margin, where
/// margin = residual * panel.residual + length * panel.length + panel.slack.
struct Int8Terms {
  const float* factors;  // scale of the user, times the scale of all scores
  const float* floors;
  const float* residuals;
  const float* lengths;
};

/// What one user keeps of a row of scores, which is 64-byte aligned.
struct HitTerms {
  std::uint32_t hits;        // of TileScores
  std::uint32_t first_item;  // of the row
  float margin;
  float floor;  // an item with score - margin above it raises it
};

/// Items that may be among the best, with upper bounds of their scores; both have room for 64 more than `count`.
struct HitList {
  float* uppers;
  std::uint32_t* items;
  std::size_t count;
};

/// The largest scores so far of one user, a number in each of 64 lanes: item i of panel p belongs to lane
/// p mod 2 * 32 + i.
struct alignas(64) ScorePeaks {
  float lanes[2][k_panel_items];
};

/// tile: scores[u][i] = factor_u * scale_i * (sum of whole-number products) + prior_i; half `half` of the peaks [8] of
/// the users rises to them.
struct Int8Kernel {
  const char* name;
  void (*tile)(const UserQuad* users, const ItemQuad* items, std::size_t quads, const Int8Panel& panel,
               const Int8Terms& terms, ScorePeaks* peaks, std::size_t half, TileScores& out);
  /// A number that at least `rank` of the 64 peaks reach, close to the largest one. rank 1 to 64
  float (*reached)(const ScorePeaks& peaks, std::size_t rank);
  /// Bit i: score i of a row of 32 is not below the threshold, or is NaN.
  std::uint32_t (*hits)(const float* scores, float threshold);
  /// Appends the hits of a row of 32 scores with score + margin, moved up by what that rounds. Returns those whose
  /// score - margin, moved down, lies above the floor.
  std::uint32_t (*append)(const float* scores, const HitTerms& terms, HitList& list);
};

/// A sum moved up or down by more than it was rounded.
inline float above(float sum) { return sum + (std::abs(sum) * 0x1p-22f + 1e-36f); }
inline float below(float sum) { return sum - (std::abs(sum) * 0x1p-22f + 1e-36f); }

/// Those this processor can run, best first; "plain" is the last and slower than scoring in float32.
std::span<const Int8Kernel> int8_kernels();

}  // namespace coldframe::detail
