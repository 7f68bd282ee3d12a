#include "framework/simulation/detail/vector_exp.h"

#include "framework/simulation/detail/exp_series.h"

namespace coldframe::detail {
namespace {

inline __attribute__((always_inline)) void each(std::span<double> x) {
  for (double& value : x) value = exp_series(value);
}

void exp_plain(std::span<double> x) { each(x); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) void exp_avx2(std::span<double> x) { each(x); }
__attribute__((target("avx512f,avx512dq,prefer-vector-width=512"))) void exp_avx512(std::span<double> x) { each(x); }
#endif

using ExpAll = void (*)(std::span<double>);

ExpAll best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return exp_avx512;
  if (__builtin_cpu_supports("avx2")) return exp_avx2;
#endif
  return exp_plain;
}

}  // namespace

void exp_all(std::span<double> x) {
  static const ExpAll best_here = best();
  best_here(x);
}

}  // namespace coldframe::detail
