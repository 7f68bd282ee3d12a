#include "framework/evaluation/detail/score_kernels.h"

#include <cmath>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace coldframe::detail {
namespace {

void tile_plain(const UserColumn* users, const ItemColumn* items, std::size_t width, const TileTerms& terms,
                TileScores& out) {
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    out.hits[u] = 0;
    for (std::size_t i = 0; i < k_panel_items; ++i) {
      float sum = 0.0f;
      for (std::size_t d = 0; d < width; ++d) sum = std::fma(users[d].users[u], items[d].items[i], sum);
      const float score = terms.scale * sum + terms.prior[i];
      out.scores[u][i] = score;
      if (!(score < terms.thresholds[u])) out.hits[u] |= std::uint32_t{1} << i;
    }
  }
}

void rows_plain(const float* user, const float* const* rows, std::size_t width, float* products) {
  for (std::size_t i = 0; i < k_row_items; ++i) {
    products[i] = 0.0f;
    for (std::size_t d = 0; d < width; ++d) products[i] = std::fma(user[d], rows[i][d], products[i]);
  }
}

#if defined(__x86_64__)

/// Coordinates d .. d + 7 of eight rows, turned: out[k] holds coordinate d + k of all of them.
__attribute__((target("avx2,fma"), always_inline)) inline void turn(const float* const* rows, std::size_t d,
                                                                    __m256 (&out)[8]) {
  __m256 a[8], b[8];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) a[i] = _mm256_loadu_ps(rows[i] + d);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
#pragma GCC unroll 2
  for (std::size_t i = 0; i < 8; i += 4) {
    a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xEE);
    a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x20);
    out[i + 4] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x31);
  }
}

/// Two groups of eight chains, each in the lanes of a register, hide the latency of one another.
__attribute__((target("avx2,fma"))) void rows_fma(const float* user, const float* const* rows, std::size_t width,
                                                  float* products) {
  __m256 low = _mm256_setzero_ps(), high = low;
  std::size_t d = 0;
  for (; d + 8 <= width; d += 8) {
    __m256 left[8], right[8];
    turn(rows, d, left);
    turn(rows + 8, d, right);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) {
      const __m256 x = _mm256_broadcast_ss(user + d + k);
      low = _mm256_fmadd_ps(x, left[k], low);
      high = _mm256_fmadd_ps(x, right[k], high);
    }
  }
  _mm256_storeu_ps(products, low);
  _mm256_storeu_ps(products + 8, high);
  for (; d < width; ++d) {
    for (std::size_t i = 0; i < k_row_items; ++i) {
      const __m128 sum = _mm_fmadd_ss(_mm_load_ss(user + d), _mm_load_ss(rows[i] + d), _mm_load_ss(products + i));
      _mm_store_ss(products + i, sum);
    }
  }
}

__attribute__((target("avx512f"))) void tile_avx512(const UserColumn* users, const ItemColumn* items, std::size_t width,
                                                    const TileTerms& terms, TileScores& out) {
  __m512 low[k_tile_users], high[k_tile_users];
#pragma GCC unroll 8
  for (std::size_t u = 0; u < k_tile_users; ++u) low[u] = high[u] = _mm512_setzero_ps();
  for (std::size_t d = 0; d < width; ++d) {
    const __m512 left = _mm512_load_ps(items[d].items), right = _mm512_load_ps(items[d].items + 16);
#pragma GCC unroll 8
    for (std::size_t u = 0; u < k_tile_users; ++u) {
      const __m512 x = _mm512_set1_ps(users[d].users[u]);
      low[u] = _mm512_fmadd_ps(x, left, low[u]);
      high[u] = _mm512_fmadd_ps(x, right, high[u]);
    }
  }
  const __m512 scale = _mm512_set1_ps(terms.scale);
  const __m512 left = _mm512_load_ps(terms.prior), right = _mm512_load_ps(terms.prior + 16);
#pragma GCC unroll 8
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    const __m512 a = _mm512_add_ps(_mm512_mul_ps(scale, low[u]), left);
    const __m512 b = _mm512_add_ps(_mm512_mul_ps(scale, high[u]), right);
    const __m512 threshold = _mm512_set1_ps(terms.thresholds[u]);
    _mm512_store_ps(out.scores[u], a);
    _mm512_store_ps(out.scores[u] + 16, b);
    out.hits[u] = static_cast<std::uint32_t>(_mm512_cmp_ps_mask(a, threshold, _CMP_NLT_UQ)) |
                  static_cast<std::uint32_t>(_mm512_cmp_ps_mask(b, threshold, _CMP_NLT_UQ)) << 16;
  }
}

/// 4 users x 16 items, as much as 16 registers hold.
__attribute__((target("avx2,fma"))) void quarter_avx2(const UserColumn* users, const ItemColumn* items,
                                                      std::size_t width, const TileTerms& terms, std::size_t user,
                                                      std::size_t item, TileScores& out) {
  constexpr std::size_t k_users = 4;
  __m256 low[k_users], high[k_users];
#pragma GCC unroll 4
  for (std::size_t u = 0; u < k_users; ++u) low[u] = high[u] = _mm256_setzero_ps();
  for (std::size_t d = 0; d < width; ++d) {
    const __m256 left = _mm256_load_ps(items[d].items + item), right = _mm256_load_ps(items[d].items + item + 8);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < k_users; ++u) {
      const __m256 x = _mm256_broadcast_ss(users[d].users + user + u);
      low[u] = _mm256_fmadd_ps(x, left, low[u]);
      high[u] = _mm256_fmadd_ps(x, right, high[u]);
    }
  }
  const __m256 scale = _mm256_set1_ps(terms.scale);
  const __m256 left = _mm256_load_ps(terms.prior + item), right = _mm256_load_ps(terms.prior + item + 8);
#pragma GCC unroll 4
  for (std::size_t u = 0; u < k_users; ++u) {
    const __m256 a = _mm256_add_ps(_mm256_mul_ps(scale, low[u]), left);
    const __m256 b = _mm256_add_ps(_mm256_mul_ps(scale, high[u]), right);
    const __m256 threshold = _mm256_broadcast_ss(terms.thresholds + user + u);
    _mm256_store_ps(out.scores[user + u] + item, a);
    _mm256_store_ps(out.scores[user + u] + item + 8, b);
    const int hits = _mm256_movemask_ps(_mm256_cmp_ps(a, threshold, _CMP_NLT_UQ)) |
                     _mm256_movemask_ps(_mm256_cmp_ps(b, threshold, _CMP_NLT_UQ)) << 8;
    out.hits[user + u] |= static_cast<std::uint32_t>(hits) << item;
  }
}

void tile_avx2(const UserColumn* users, const ItemColumn* items, std::size_t width, const TileTerms& terms,
               TileScores& out) {
  for (std::uint32_t& hits : out.hits) hits = 0;
  for (std::size_t item = 0; item < k_panel_items; item += 16) {
    for (std::size_t user = 0; user < k_tile_users; user += 4) {
      quarter_avx2(users, items, width, terms, user, item, out);
    }
  }
}

#endif

std::vector<ScoreKernel> supported() {
  std::vector<ScoreKernel> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma"))
    kernels.push_back({"avx512", tile_avx512, rows_fma});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels.push_back({"avx2", tile_avx2, rows_fma});
#endif
  kernels.push_back({"plain", tile_plain, rows_plain});
  return kernels;
}

}  // namespace

std::span<const ScoreKernel> score_kernels() {
  static const std::vector<ScoreKernel> kernels = supported();
  return kernels;
}

}  // namespace coldframe::detail
