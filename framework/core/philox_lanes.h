#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

namespace coldframe {

/// Philox counters of four calls side by side, for AVX2: word w in the low half of every 64-bit lane of words[w]. High
/// halves hold anything.
struct PhiloxLanes {
  __m256i words[4];
};

/// One round of philox4x32 (philox.h).
__attribute__((target("avx2"), always_inline)) inline void mix_round(PhiloxLanes& c, __m256i low_key,
                                                                     __m256i high_key) {
  const __m256i first = _mm256_mul_epu32(c.words[0], _mm256_set1_epi64x(0xD2511F53));
  const __m256i second = _mm256_mul_epu32(c.words[2], _mm256_set1_epi64x(0xCD9E8D57));
  c.words[0] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(second, 32), c.words[1]), low_key);
  c.words[1] = second;
  c.words[2] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(first, 32), c.words[3]), high_key);
  c.words[3] = first;
}

}  // namespace coldframe

#endif
