#pragma once

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

struct Int8Terms {
  const float* factors;     // [8] scale of the user, times the scale of all scores
  const float* thresholds;  // [8]
};

/// scores[u][i] = factor_u * scale_i * (sum of whole-number products) + prior_i, for users with a hit only: without one
/// they are left as they were.
struct Int8Kernel {
  const char* name;
  void (*tile)(const UserQuad* users, const ItemQuad* items, std::size_t quads, const Int8Panel& panel,
               const Int8Terms& terms, TileScores& out);
};

/// Those this processor can run, best first; "plain" is the last and slower than scoring in float32.
std::span<const Int8Kernel> int8_kernels();

}  // namespace coldframe::detail
