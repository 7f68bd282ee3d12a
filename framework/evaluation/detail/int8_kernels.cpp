#include "framework/evaluation/detail/int8_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace coldframe::detail {
namespace {

constexpr std::size_t k_peaks = 2 * k_panel_items;

void tile_plain(const UserQuad* users, const ItemQuad* items, std::size_t quads, const Int8Panel& panel,
                const Int8Terms& terms, ScorePeaks* peaks, std::size_t half, TileScores& out) {
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    const float margin = terms.residuals[u] * panel.residual + terms.lengths[u] * panel.length + panel.slack;
    const float threshold = below(terms.floors[u] - margin);
    out.hits[u] = 0;
    float* scores = out.scores[u];
    float* lanes = peaks[u].lanes[half];
    for (std::size_t i = 0; i < k_panel_items; ++i) {
      std::int32_t sum = panel.offsets[i];
      for (std::size_t q = 0; q < quads; ++q) {
        for (std::size_t d = 0; d < 4; ++d) sum += users[q].values[u][d] * items[q].values[i][d];
      }
      scores[i] = std::fma(static_cast<float>(sum) * panel.scales[i], terms.factors[u], panel.prior[i]);
      if (!(scores[i] < threshold)) out.hits[u] |= std::uint32_t{1} << i;
      if (lanes[i] < scores[i]) lanes[i] = scores[i];
    }
  }
}

float reached_plain(const ScorePeaks& peaks, std::size_t rank) {
  float sorted[k_peaks];
  std::memcpy(sorted, peaks.lanes, sizeof(sorted));
  std::nth_element(sorted, sorted + rank - 1, std::end(sorted), std::greater<>());
  return sorted[rank - 1];
}

std::uint32_t hits_plain(const float* scores, float threshold) {
  std::uint32_t hits = 0;
  for (std::size_t i = 0; i < k_panel_items; ++i) {
    hits |= static_cast<std::uint32_t>(!(scores[i] < threshold)) << i;
  }
  return hits;
}

std::uint32_t append_plain(const float* scores, const HitTerms& terms, HitList& list) {
  std::uint32_t raising = 0;
  for (std::uint32_t hits = terms.hits; hits != 0; hits &= hits - 1) {
    const int place = std::countr_zero(hits);
    list.uppers[list.count] = above(scores[place] + terms.margin);
    list.items[list.count++] = terms.first_item + static_cast<std::uint32_t>(place);
    if (below(scores[place] - terms.margin) > terms.floor) raising |= std::uint32_t{1} << place;
  }
  return raising;
}

#if defined(__x86_64__)

__attribute__((target("avx512f"))) std::uint32_t hits_avx512(const float* scores, float threshold) {
  const __m512 least = _mm512_set1_ps(threshold);
  return static_cast<std::uint32_t>(_mm512_cmp_ps_mask(_mm512_load_ps(scores), least, _CMP_NLT_UQ)) |
         static_cast<std::uint32_t>(_mm512_cmp_ps_mask(_mm512_load_ps(scores + 16), least, _CMP_NLT_UQ)) << 16;
}

/// Whole numbers in the order of the floats whose bits they are made from; the way back is the same.
__attribute__((always_inline)) inline std::int32_t ordered(std::int32_t bits) {
  return bits ^ ((bits >> 31) & 0x7FFFFFFF);
}

/// Halves an interval of those numbers; what is left of it after 16 steps is small beside any margin.
__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512"))) float reached_avx512(
    const ScorePeaks& peaks, std::size_t rank) {
  constexpr int k_steps = 16;
  alignas(64) std::int32_t keys[k_peaks];
  std::memcpy(keys, peaks.lanes, sizeof(keys));
  std::int32_t least = std::numeric_limits<std::int32_t>::max(), most = std::numeric_limits<std::int32_t>::min();
  for (std::int32_t& key : keys) {
    key = ordered(key);
    least = std::min(least, key);
    most = std::max(most, key);
  }
  std::int64_t low = least, high = std::int64_t{most} + 1;
  for (int step = 0; step < k_steps && low + 1 < high; ++step) {
    const auto middle = static_cast<std::int32_t>((low + high) >> 1);
    const __m512i bound = _mm512_set1_epi32(middle);
    std::uint64_t reaching = 0;
    for (std::size_t at = 0; at < k_peaks; at += 16) {
      reaching = reaching << 16 | _mm512_cmpge_epi32_mask(_mm512_load_si512(keys + at), bound);
    }
    (static_cast<std::size_t>(std::popcount(reaching)) >= rank ? low : high) = middle;
  }
  return std::bit_cast<float>(ordered(static_cast<std::int32_t>(low)));
}

/// above() and below() of score and margin.
__attribute__((target("avx512f"), always_inline)) inline __m512 outward(__m512 sum, __m512 sign) {
  const __m512 more =
      _mm512_add_ps(_mm512_mul_ps(_mm512_abs_ps(sum), _mm512_set1_ps(0x1p-22f)), _mm512_set1_ps(1e-36f));
  return _mm512_add_ps(sum, _mm512_mul_ps(more, sign));
}

__attribute__((target("avx512f"))) std::uint32_t append_avx512(const float* scores, const HitTerms& terms,
                                                               HitList& list) {
  const __m512 margin = _mm512_set1_ps(terms.margin), floor = _mm512_set1_ps(terms.floor);
  const __m512 up = _mm512_set1_ps(1.0f), down = _mm512_set1_ps(-1.0f);
  __m512i items = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                   _mm512_set1_epi32(static_cast<int>(terms.first_item)));
  std::uint32_t raising = 0;
  for (unsigned half = 0; half < k_panel_items; half += 16) {
    const auto hits = static_cast<__mmask16>(terms.hits >> half);
    const __m512 row = _mm512_load_ps(scores + half);
    const __m512 uppers = outward(_mm512_add_ps(row, margin), up), lowers = outward(_mm512_sub_ps(row, margin), down);
    // Whole vectors are stored: on some processors storing the chosen lanes alone takes a hundred cycles.
    _mm512_storeu_ps(list.uppers + list.count, _mm512_maskz_compress_ps(hits, uppers));
    _mm512_storeu_si512(list.items + list.count, _mm512_maskz_compress_epi32(hits, items));
    list.count += static_cast<std::size_t>(std::popcount(static_cast<std::uint32_t>(hits)));
    raising |= static_cast<std::uint32_t>(_mm512_mask_cmp_ps_mask(hits, lowers, floor, _CMP_GT_OQ)) << half;
    items = _mm512_add_epi32(items, _mm512_set1_epi32(16));
  }
  return raising;
}

__attribute__((target("avx2"), always_inline)) inline void set_thresholds(const Int8Panel& panel,
                                                                          const Int8Terms& terms, float* out) {
  const __m256 residual = _mm256_mul_ps(_mm256_loadu_ps(terms.residuals), _mm256_set1_ps(panel.residual));
  const __m256 length = _mm256_mul_ps(_mm256_loadu_ps(terms.lengths), _mm256_set1_ps(panel.length));
  const __m256 margin = _mm256_add_ps(_mm256_add_ps(residual, length), _mm256_set1_ps(panel.slack));
  const __m256 sum = _mm256_sub_ps(_mm256_loadu_ps(terms.floors), margin);
  const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), sum);
  const __m256 rounding = _mm256_add_ps(_mm256_mul_ps(magnitude, _mm256_set1_ps(0x1p-22f)), _mm256_set1_ps(1e-36f));
  _mm256_storeu_ps(out, _mm256_sub_ps(sum, rounding));
}

/// sum + x * y, four products per lane. By hand: GCC 12 copies the accumulator before each of these instructions.
__attribute__((target("avx512f,avx512vnni"), always_inline)) inline void add_products(__m512i x, __m512i y,
                                                                                      __m512i& sum) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
}

__attribute__((target("avx512f,avx512vnni"), always_inline)) inline __m512 scaled(__m512i sum, __m512 scale,
                                                                                  __m512 factor, __m512 prior) {
  // The plain conversion of GCC 12's header warns that it reads what nobody set.
  const __m512 whole = _mm512_maskz_cvtepi32_ps(static_cast<__mmask16>(0xFFFF), sum);
  return _mm512_fmadd_ps(_mm512_mul_ps(whole, scale), factor, prior);
}

__attribute__((target("avx512f,avx512vnni"))) void tile_vnni(const UserQuad* users, const ItemQuad* items,
                                                             std::size_t quads, const Int8Panel& panel,
                                                             const Int8Terms& terms, ScorePeaks* peaks,
                                                             std::size_t half, TileScores& out) {
  __m512i low[k_tile_users], high[k_tile_users];
  const __m512i left_offsets = _mm512_load_si512(panel.offsets), right_offsets = _mm512_load_si512(panel.offsets + 16);
#pragma GCC unroll 8
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    low[u] = left_offsets;
    high[u] = right_offsets;
  }
  for (std::size_t q = 0; q < quads; ++q) {
    const __m512i left = _mm512_load_si512(items[q].values), right = _mm512_load_si512(items[q].values + 16);
#pragma GCC unroll 8
    for (std::size_t u = 0; u < k_tile_users; ++u) {
      std::int32_t four;
      std::memcpy(&four, users[q].values[u], sizeof(four));
      const __m512i x = _mm512_set1_epi32(four);
      add_products(x, left, low[u]);
      add_products(x, right, high[u]);
    }
  }
  float thresholds[k_tile_users];
  set_thresholds(panel, terms, thresholds);
  const __m512 left_scales = _mm512_load_ps(panel.scales), right_scales = _mm512_load_ps(panel.scales + 16);
  const __m512 left_prior = _mm512_load_ps(panel.prior), right_prior = _mm512_load_ps(panel.prior + 16);
#pragma GCC unroll 8
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    const __m512 factor = _mm512_set1_ps(terms.factors[u]), threshold = _mm512_set1_ps(thresholds[u]);
    const __m512 a = scaled(low[u], left_scales, factor, left_prior);
    const __m512 b = scaled(high[u], right_scales, factor, right_prior);
    const std::uint32_t hits = static_cast<std::uint32_t>(_mm512_cmp_ps_mask(a, threshold, _CMP_NLT_UQ)) |
                               static_cast<std::uint32_t>(_mm512_cmp_ps_mask(b, threshold, _CMP_NLT_UQ)) << 16;
    out.hits[u] = hits;
    _mm512_store_ps(out.scores[u], a);
    _mm512_store_ps(out.scores[u] + 16, b);
    float* lanes = peaks[u].lanes[half];
    // Of a NaN and a number the second operand is taken.
    constexpr auto k_all = static_cast<__mmask16>(0xFFFF);
    _mm512_store_ps(lanes, _mm512_maskz_max_ps(k_all, a, _mm512_load_ps(lanes)));
    _mm512_store_ps(lanes + 16, _mm512_maskz_max_ps(k_all, b, _mm512_load_ps(lanes + 16)));
  }
}

#endif

std::vector<Int8Kernel> supported() {
  std::vector<Int8Kernel> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
    kernels.push_back({"vnni", tile_vnni, reached_avx512, hits_avx512, append_avx512});
#endif
  kernels.push_back({"plain", tile_plain, reached_plain, hits_plain, append_plain});
  return kernels;
}

}  // namespace

std::span<const Int8Kernel> int8_kernels() {
  static const std::vector<Int8Kernel> kernels = supported();
  return kernels;
}

}  // namespace coldframe::detail
