#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace coldframe::detail {

// A tile is 8 users x 32 items. Users and items are packed coordinate by coordinate, so that one coordinate of a tile
// lies in consecutive memory. D width.

constexpr std::size_t k_tile_users = 8;
constexpr std::size_t k_panel_items = 32;
constexpr std::size_t k_row_items = 16;  // of ScoreKernel::rows

/// One coordinate of the users of a tile; a tile has D of them.
struct alignas(32) UserColumn {
  float users[k_tile_users];
};

/// One coordinate of the items of a panel; a panel has D of them.
struct alignas(64) ItemColumn {
  float items[k_panel_items];
};

/// What turns inner products into scores and hits.
struct TileTerms {
  float scale;
  const float* prior;       // [32], 64-byte aligned
  const float* thresholds;  // [8]
};

struct TileScores {
  alignas(64) float scores[k_tile_users][k_panel_items];
  std::uint32_t hits[k_tile_users];  // bit i: score of item i is not below the threshold of the user, or is NaN
};

/// tile: score = scale * (u . q) + prior in float32: one chain of fused multiply-adds over the coordinates in order,
/// then a product and a sum, each rounded. Every kernel gives the bits of the plain one.
struct ScoreKernel {
  const char* name;
  void (*tile)(const UserColumn* users, const ItemColumn* items, std::size_t width, const TileTerms& terms,
               TileScores& out);
  /// The same inner products of one user with 16 items wherever they lie: rows[i] [D], products [16].
  void (*rows)(const float* user, const float* const* rows, std::size_t width, float* products);
};

/// Those this processor can run, best first; "plain", which every processor can, is the last.
std::span<const ScoreKernel> score_kernels();

}  // namespace coldframe::detail
