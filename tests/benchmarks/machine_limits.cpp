#include "tests/benchmarks/machine_limits.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "framework/core/error.h"
#include "tests/benchmarks/process_facts.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace coldframe::bench {
namespace {

constexpr std::size_t k_chains = 12;  // latency 4 times 2 units at most, and some
constexpr std::size_t k_rounds = 100'000;

// x <- x a + b with a = 0.5, b = 0.5 and x = 1 stays 1: a wrong result shows. The empty asm hides from the compiler
// that all chains do the same.

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float chains_avx512() {
  __m512 x[k_chains];
  const __m512 half = _mm512_set1_ps(0.5f);
#pragma GCC unroll 12
  for (std::size_t c = 0; c < k_chains; ++c) {
    x[c] = _mm512_set1_ps(1.0f);
    asm("" : "+v"(x[c]));
  }
  for (std::size_t round = 0; round < k_rounds; ++round) {
#pragma GCC unroll 12
    for (std::size_t c = 0; c < k_chains; ++c) x[c] = _mm512_fmadd_ps(x[c], half, half);
  }
  __m512 sum = x[0];
#pragma GCC unroll 12
  for (std::size_t c = 1; c < k_chains; ++c) sum = _mm512_add_ps(sum, x[c]);
  float lanes[16];
  _mm512_storeu_ps(lanes, sum);
  return lanes[0];
}

__attribute__((target("avx2,fma"))) float chains_avx2() {
  __m256 x[k_chains];
  const __m256 half = _mm256_set1_ps(0.5f);
#pragma GCC unroll 12
  for (std::size_t c = 0; c < k_chains; ++c) {
    x[c] = _mm256_set1_ps(1.0f);
    asm("" : "+x"(x[c]));
  }
  for (std::size_t round = 0; round < k_rounds; ++round) {
#pragma GCC unroll 12
    for (std::size_t c = 0; c < k_chains; ++c) x[c] = _mm256_fmadd_ps(x[c], half, half);
  }
  __m256 sum = x[0];
#pragma GCC unroll 12
  for (std::size_t c = 1; c < k_chains; ++c) sum = _mm256_add_ps(sum, x[c]);
  float lanes[8];
  _mm256_storeu_ps(lanes, sum);
  return lanes[0];
}
#endif

}  // namespace

double fma_peak_gflops(double seconds) {
  float (*chains)() = nullptr;
  std::size_t lanes = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    chains = chains_avx512;
    lanes = 16;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    chains = chains_avx2;
    lanes = 8;
  }
#endif
  if (chains == nullptr) return 0;
  const double flop = 2.0 * static_cast<double>(lanes * k_chains * k_rounds);
  double best = 0;
  for (const double end = monotonic_seconds() + seconds; monotonic_seconds() < end;) {
    const double started = monotonic_seconds();
    if (chains() != static_cast<float>(k_chains)) throw NumericError("a chain of multiply-adds is wrong");
    best = std::max(best, 1e-9 * flop / (monotonic_seconds() - started));
  }
  return best;
}

double copy_gigabytes(double seconds) {
  constexpr std::size_t k_bytes = 64 << 20;
  static std::vector<char> from(k_bytes, 'x'), to(k_bytes, 'y');
  double best = 0;
  for (const double end = monotonic_seconds() + seconds; monotonic_seconds() < end;) {
    const double started = monotonic_seconds();
    std::memcpy(to.data(), from.data(), k_bytes);
    best = std::max(best, 1e-9 * static_cast<double>(k_bytes) / (monotonic_seconds() - started));
    if (to[k_bytes / 2] != 'x') throw NumericError("a copy is wrong");
  }
  return best;
}

}  // namespace coldframe::bench
