#include "framework/core/row_batch.h"

#include <cstdint>
#include <cstring>

#include "framework/core/error.h"
#include "framework/core/philox_lanes.h"

namespace coldframe {
namespace {

#if defined(__x86_64__)

constexpr std::size_t k_lanes = 8;    // rows side by side
constexpr std::size_t k_vectors = 2;  // of four rows: one waits for its products while the other multiplies

std::int64_t word_at(const char* row, std::size_t at, std::size_t row_bytes) {
  std::int64_t word = 0;
  if (at + sizeof(word) <= row_bytes) {
    std::memcpy(&word, row + at, sizeof(word));
  } else {
    std::memcpy(&word, row + at, row_bytes - at);
  }
  return word;
}

/// hash128() of hash.cpp on eight rows; words[w][l] of the result.
__attribute__((target("avx2"))) void hash_rows(const char* rows, std::size_t row_bytes,
                                               std::uint64_t (&words)[4][k_lanes]) {
  PhiloxLanes c[k_vectors];
  for (PhiloxLanes& counters : c) {
    counters.words[0] = _mm256_set1_epi64x(0x2F90404F);
    counters.words[1] = _mm256_set1_epi64x(0x9AE16A3B);
    counters.words[2] = _mm256_set1_epi64x(static_cast<std::int64_t>(row_bytes));
    counters.words[3] = _mm256_set1_epi64x(static_cast<std::int64_t>(row_bytes >> 32));
  }
  for (std::size_t at = 0; at < row_bytes; at += 8) {
    __m256i low_keys[k_vectors], high_keys[k_vectors];
    for (std::size_t v = 0; v < k_vectors; ++v) {
      const char* row = rows + 4 * v * row_bytes;
      low_keys[v] =
          _mm256_set_epi64x(word_at(row + 3 * row_bytes, at, row_bytes), word_at(row + 2 * row_bytes, at, row_bytes),
                            word_at(row + row_bytes, at, row_bytes), word_at(row, at, row_bytes));
      high_keys[v] = _mm256_srli_epi64(low_keys[v], 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < k_vectors; ++v) {
        mix_round(c[v], low_keys[v], high_keys[v]);
        low_keys[v] = _mm256_add_epi32(low_keys[v], _mm256_set1_epi64x(0x9E3779B9));
        high_keys[v] = _mm256_add_epi32(high_keys[v], _mm256_set1_epi64x(0xBB67AE85));
      }
    }
  }
  for (std::size_t v = 0; v < k_vectors; ++v) {
    for (std::size_t w = 0; w < 4; ++w) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[w] + 4 * v), c[v].words[w]);
    }
  }
}

/// Whole groups of rows from the front of `rows`; returns how many bytes they are.
std::size_t add_groups(std::string_view rows, std::size_t row_bytes, RowDigest& digest) {
  if (!__builtin_cpu_supports("avx2")) return 0;
  const auto low = [](std::uint64_t word) { return word & 0xFFFFFFFFu; };
  std::size_t at = 0;
  for (; at + k_lanes * row_bytes <= rows.size(); at += k_lanes * row_bytes) {
    std::uint64_t words[4][k_lanes];
    hash_rows(rows.data() + at, row_bytes, words);
    for (std::size_t l = 0; l < k_lanes; ++l) {
      digest.merge(RowDigest::from_words({words[1][l] << 32 | low(words[0][l]), words[3][l] << 32 | low(words[2][l])}));
    }
  }
  return at;
}

#else

std::size_t add_groups(std::string_view, std::size_t, RowDigest&) { return 0; }

#endif

}  // namespace

RowDigest digest_rows(std::string_view rows, std::size_t row_bytes) {
  CF_EXPECTS(row_bytes > 0 && rows.size() % row_bytes == 0);
  RowDigest digest;
  for (std::size_t at = add_groups(rows, row_bytes, digest); at < rows.size(); at += row_bytes) {
    digest.add_row(rows.substr(at, row_bytes));
  }
  return digest;
}

}  // namespace coldframe
