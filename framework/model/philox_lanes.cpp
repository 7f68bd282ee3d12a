#include "framework/model/philox_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12 takes the undefined vectors inside its own AVX-512 header for uninitialised ones (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace coldframe {
namespace {

constexpr std::uint32_t k_multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
constexpr std::uint32_t k_weyl[2] = {0x9E3779B9u, 0xBB67AE85u};
constexpr int k_rounds = 10;

void run_plain(PhiloxLanes& lanes, std::size_t count, PhiloxKey key) {
  for (std::size_t i = 0; i < count; ++i) {
    const PhiloxBlock block = philox4x32({lanes.word[0][i], lanes.word[1][i], lanes.word[2][i], lanes.word[3][i]}, key);
    for (int j = 0; j < 4; ++j) lanes.word[j][i] = block[static_cast<std::size_t>(j)];
  }
}

#if defined(__x86_64__)

// Written by hand because GCC 12 turns the 32 x 32 -> 64 bit product into three multiplications. Even and odd lanes are
// multiplied apart; the low and high halves are then put back beside each other.

[[gnu::target("avx512f")]] void run_avx512(PhiloxLanes& lanes, std::size_t count, PhiloxKey key) {
  const __m512i first = _mm512_set1_epi64(k_multiplier[0]);
  const __m512i second = _mm512_set1_epi64(k_multiplier[1]);
  constexpr auto evens = static_cast<_MM_PERM_ENUM>(0xA0);
  constexpr auto odds = static_cast<_MM_PERM_ENUM>(0xF5);
  for (std::size_t i = 0; i < count; i += 16) {
    __m512i a = _mm512_load_si512(lanes.word[0] + i);
    __m512i b = _mm512_load_si512(lanes.word[1] + i);
    __m512i c = _mm512_load_si512(lanes.word[2] + i);
    __m512i d = _mm512_load_si512(lanes.word[3] + i);
    PhiloxKey round_key = key;
    for (int round = 0; round < k_rounds; ++round) {
      const __m512i p_even = _mm512_mul_epu32(a, first);
      const __m512i p_odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), first);
      const __m512i q_even = _mm512_mul_epu32(c, second);
      const __m512i q_odd = _mm512_mul_epu32(_mm512_srli_epi64(c, 32), second);
      const __m512i p_high = _mm512_mask_shuffle_epi32(p_odd, 0x5555, p_even, odds);
      const __m512i q_high = _mm512_mask_shuffle_epi32(q_odd, 0x5555, q_even, odds);
      a = _mm512_ternarylogic_epi32(q_high, b, _mm512_set1_epi32(static_cast<int>(round_key[0])), 0x96);
      c = _mm512_ternarylogic_epi32(p_high, d, _mm512_set1_epi32(static_cast<int>(round_key[1])), 0x96);
      b = _mm512_mask_shuffle_epi32(q_even, 0xAAAA, q_odd, evens);
      d = _mm512_mask_shuffle_epi32(p_even, 0xAAAA, p_odd, evens);
      round_key = {round_key[0] + k_weyl[0], round_key[1] + k_weyl[1]};
    }
    _mm512_store_si512(lanes.word[0] + i, a);
    _mm512_store_si512(lanes.word[1] + i, b);
    _mm512_store_si512(lanes.word[2] + i, c);
    _mm512_store_si512(lanes.word[3] + i, d);
  }
}

[[gnu::target("avx2")]] __m256i load(const std::uint32_t* words) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(words));
}

[[gnu::target("avx2")]] void store(std::uint32_t* words, __m256i value) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(words), value);
}

[[gnu::target("avx2")]] void run_avx2(PhiloxLanes& lanes, std::size_t count, PhiloxKey key) {
  const __m256i first = _mm256_set1_epi64x(k_multiplier[0]);
  const __m256i second = _mm256_set1_epi64x(k_multiplier[1]);
  for (std::size_t i = 0; i < count; i += 8) {
    __m256i a = load(lanes.word[0] + i);
    __m256i b = load(lanes.word[1] + i);
    __m256i c = load(lanes.word[2] + i);
    __m256i d = load(lanes.word[3] + i);
    PhiloxKey round_key = key;
    for (int round = 0; round < k_rounds; ++round) {
      const __m256i p_even = _mm256_mul_epu32(a, first);
      const __m256i p_odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), first);
      const __m256i q_even = _mm256_mul_epu32(c, second);
      const __m256i q_odd = _mm256_mul_epu32(_mm256_srli_epi64(c, 32), second);
      const __m256i p_high = _mm256_blend_epi32(_mm256_srli_epi64(p_even, 32), p_odd, 0xAA);
      const __m256i q_high = _mm256_blend_epi32(_mm256_srli_epi64(q_even, 32), q_odd, 0xAA);
      const __m256i key_a = _mm256_set1_epi32(static_cast<int>(round_key[0]));
      const __m256i key_c = _mm256_set1_epi32(static_cast<int>(round_key[1]));
      a = _mm256_xor_si256(_mm256_xor_si256(q_high, b), key_a);
      c = _mm256_xor_si256(_mm256_xor_si256(p_high, d), key_c);
      b = _mm256_blend_epi32(q_even, _mm256_slli_epi64(q_odd, 32), 0xAA);
      d = _mm256_blend_epi32(p_even, _mm256_slli_epi64(p_odd, 32), 0xAA);
      round_key = {round_key[0] + k_weyl[0], round_key[1] + k_weyl[1]};
    }
    store(lanes.word[0] + i, a);
    store(lanes.word[1] + i, b);
    store(lanes.word[2] + i, c);
    store(lanes.word[3] + i, d);
  }
}

#endif

}  // namespace

std::vector<LaneCode> available_lane_codes() {
  std::vector<LaneCode> codes = {LaneCode::plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) codes.push_back(LaneCode::avx2);
  if (__builtin_cpu_supports("avx512f")) codes.push_back(LaneCode::avx512);
#endif
  return codes;
}

void philox_lanes(PhiloxLanes& lanes, std::size_t count, PhiloxKey key, LaneCode code) {
#if defined(__x86_64__)
  if (code == LaneCode::avx512) return run_avx512(lanes, count, key);
  if (code == LaneCode::avx2) return run_avx2(lanes, count, key);
#endif
  static_cast<void>(code);
  run_plain(lanes, count, key);
}

void philox_lanes(PhiloxLanes& lanes, std::size_t count, PhiloxKey key) {
  static const LaneCode best = available_lane_codes().back();
  philox_lanes(lanes, count, key, best);
}

}  // namespace coldframe
