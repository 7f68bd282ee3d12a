#include "framework/simulation/detail/factor_panels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/simulation/detail/vector_exp.h"

namespace coldframe::detail {
namespace {

constexpr std::size_t k_panel = FactorPanels::k_panel;
constexpr std::size_t k_users = 8;  // that meet a panel while it is in the cache
constexpr std::size_t k_lanes = 8;
using Lanes = double __attribute__((vector_size(k_lanes * sizeof(double)), aligned(8), may_alias));

struct Work {
  const double* panels;
  std::size_t items, dimension;
  const double* states;
  const double* const* biases;
  double* out;
};

/// The logits of U users with one panel of items.
template <std::size_t U>
inline __attribute__((always_inline)) void meet(const Work& work, std::size_t panel) {
  const std::size_t first = panel * k_panel, count = std::min(k_panel, work.items - first);
  double logits[U][k_panel];
  for (std::size_t u = 0; u < U; ++u) {
    std::fill(std::copy_n(work.biases[u] + first, count, logits[u]), std::end(logits[u]), 0.0);
  }
  Lanes low[U], high[U];
  for (std::size_t u = 0; u < U; ++u) {
    low[u] = *reinterpret_cast<const Lanes*>(logits[u]);
    high[u] = *reinterpret_cast<const Lanes*>(logits[u] + k_lanes);
  }
  const double* factors = work.panels + panel * work.dimension * k_panel;
  for (std::size_t l = 0; l < work.dimension; ++l, factors += k_panel) {
    const Lanes left = *reinterpret_cast<const Lanes*>(factors);
    const Lanes right = *reinterpret_cast<const Lanes*>(factors + k_lanes);
#pragma GCC unroll 8
    for (std::size_t u = 0; u < U; ++u) {
      const double x = work.states[u * work.dimension + l];
      low[u] += x * left;
      high[u] += x * right;
    }
  }
  for (std::size_t u = 0; u < U; ++u) {
    *reinterpret_cast<Lanes*>(logits[u]) = low[u];
    *reinterpret_cast<Lanes*>(logits[u] + k_lanes) = high[u];
    std::copy_n(logits[u], count, work.out + u * work.items + first);
  }
}

template <std::size_t U>
inline __attribute__((always_inline)) void meet_all(const Work& work) {
  for (std::size_t panel = 0; panel * k_panel < work.items; ++panel) meet<U>(work, panel);
}

inline __attribute__((always_inline)) void logits(const Work& work, std::size_t users) {
  if (users == k_users) {
    meet_all<k_users>(work);
    return;
  }
  for (std::size_t u = 0; u < users; ++u) {
    meet_all<1>({work.panels, work.items, work.dimension, work.states + u * work.dimension, work.biases + u,
                 work.out + u * work.items});
  }
}

/// visit(i mod 8, i) for all i below n.
template <class Visit>
inline __attribute__((always_inline)) void each_lane(std::size_t n, const Visit& visit) {
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    for (std::size_t lane = 0; lane < k_lanes; ++lane) visit(lane, i + lane);
  }
  for (std::size_t lane = 0; i < n; ++i, ++lane) visit(lane, i);
}

inline __attribute__((always_inline)) double largest_of(std::span<const double> values) {
  double largest[k_lanes];
  std::fill(std::begin(largest), std::end(largest), values[0]);
  each_lane(values.size(), [&](std::size_t lane, std::size_t i) {
    largest[lane] = largest[lane] < values[i] ? values[i] : largest[lane];
  });
  return *std::max_element(std::begin(largest), std::end(largest));
}

inline __attribute__((always_inline)) double total_of(std::span<const double> values) {
  double totals[k_lanes] = {};
  each_lane(values.size(), [&](std::size_t lane, std::size_t i) { totals[lane] += values[i]; });
  return std::accumulate(std::begin(totals), std::end(totals), 0.0);
}

inline __attribute__((always_inline)) void lifts(std::span<double> logits, std::span<double> weights) {
  const double top = largest_of(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) weights[i] = logits[i] - top;
  exp_all(weights);
  const double shift = std::log(static_cast<double>(logits.size())) - top - std::log(total_of(weights));
  for (double& logit : logits) logit += shift;
}

inline __attribute__((always_inline)) void run(const Work& work, std::size_t users, std::span<double> weights) {
  logits(work, users);
  for (std::size_t u = 0; u < users; ++u) lifts({work.out + u * work.items, work.items}, weights);
}

void run_plain(const Work& work, std::size_t users, std::span<double> weights) { run(work, users, weights); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) void run_avx2(const Work& work, std::size_t users, std::span<double> weights) {
  run(work, users, weights);
}
__attribute__((target("avx512f,avx512dq,prefer-vector-width=512"))) void run_avx512(const Work& work, std::size_t users,
                                                                                    std::span<double> weights) {
  run(work, users, weights);
}
#endif

using Run = void (*)(const Work&, std::size_t, std::span<double>);

Run best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return run_avx512;
  if (__builtin_cpu_supports("avx2")) return run_avx2;
#endif
  return run_plain;
}

}  // namespace

FactorPanels::FactorPanels(std::span<const double> factors, std::size_t items, std::size_t dimension)
    : items_(items), dimension_(dimension), values_((items + k_panel - 1) / k_panel * k_panel * dimension, 0.0) {
  for (std::size_t i = 0; i < items; ++i) {
    for (std::size_t l = 0; l < dimension; ++l) {
      values_[(i / k_panel * dimension + l) * k_panel + i % k_panel] = factors[i * dimension + l];
    }
  }
}

void FactorPanels::log_lifts(std::span<const double> states, std::span<const double* const> biases,
                             std::span<double> out) const {
  static const Run best_here = best();
  std::vector<double> weights(items_);
  for (std::size_t first = 0; first < biases.size(); first += k_users) {
    const Work work{values_.data(),
                    items_,
                    dimension_,
                    states.data() + first * dimension_,
                    biases.data() + first,
                    out.data() + first * items_};
    best_here(work, std::min(k_users, biases.size() - first), weights);
  }
}

}  // namespace coldframe::detail
