#include "framework/core/keyed_words.h"

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/philox_lanes.h"

namespace coldframe {
namespace {

#if defined(__x86_64__)

constexpr std::size_t k_vectors = 4;  // of four slots: some wait for their products while others multiply
constexpr std::size_t k_at_once = 4 * k_vectors;

__attribute__((target("avx2"))) void words_of_group(const PhiloxBlock& counter, PhiloxKey key,
                                                    const std::uint32_t* slots, std::uint64_t* out) {
  PhiloxLanes c[k_vectors];
  for (std::size_t v = 0; v < k_vectors; ++v) {
    for (std::size_t w = 0; w < 3; ++w) c[v].words[w] = _mm256_set1_epi64x(counter[w]);
    c[v].words[3] = _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(slots + 4 * v)));
  }
  for (int round = 0; round < 10; ++round) {
    const __m256i low_key = _mm256_set1_epi64x(key[0]), high_key = _mm256_set1_epi64x(key[1]);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < k_vectors; ++v) mix_round(c[v], low_key, high_key);
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  const __m256i low_half = _mm256_set1_epi64x(0xFFFFFFFF);
  for (std::size_t v = 0; v < k_vectors; ++v) {
    const __m256i words =
        _mm256_or_si256(_mm256_slli_epi64(c[v].words[0], 32), _mm256_and_si256(c[v].words[1], low_half));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 4 * v), words);
  }
}

/// Groups from the front, the last one filled up when most of it is there; returns how many slots they are.
std::size_t groups(const PhiloxBlock& counter, PhiloxKey key, std::span<const std::uint32_t> slots,
                   std::span<std::uint64_t> out) {
  if (!__builtin_cpu_supports("avx2")) return 0;
  std::size_t at = 0;
  for (; at + k_at_once <= slots.size(); at += k_at_once) {
    words_of_group(counter, key, slots.data() + at, out.data() + at);
  }
  constexpr std::size_t k_worthwhile = 5;
  const std::size_t rest = slots.size() - at;
  if (rest < k_worthwhile) return at;
  std::uint32_t some_slots[k_at_once] = {};
  std::uint64_t some_words[k_at_once];
  std::copy_n(slots.data() + at, rest, some_slots);
  words_of_group(counter, key, some_slots, some_words);
  std::copy_n(some_words, rest, out.data() + at);
  return slots.size();
}

#else

std::size_t groups(const PhiloxBlock&, PhiloxKey, std::span<const std::uint32_t>, std::span<std::uint64_t>) {
  return 0;
}

#endif

}  // namespace

void keyed_words(const KeyedRandom& random, UserKey user, std::uint32_t session, std::uint32_t page,
                 std::span<const std::uint32_t> slots, std::span<std::uint64_t> out) {
  CF_EXPECTS(slots.size() == out.size());
  PhiloxBlock counter = philox_counter(user, session, page, 0);
  for (std::size_t at = groups(counter, random.key(), slots, out); at < slots.size(); ++at) {
    counter[3] = slots[at];
    const PhiloxBlock words = philox4x32(counter, random.key());
    out[at] = std::uint64_t{words[0]} << 32 | words[1];
  }
}

}  // namespace coldframe
