#include "framework/simulation/detail/factor_panels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/simulation/detail/exp_series.h"

namespace coldframe::detail {
namespace {

constexpr std::size_t k_panel = FactorPanels::k_panel;
constexpr std::size_t k_users = 4;   // that meet a panel at once
constexpr std::size_t k_panels = 4;  // that a user alone meets at once
constexpr std::size_t k_sums = 8;    // running sums of weights

// Vectors of 256 bits: products and sums that are rounded each go through different units, which some processors with
// AVX-512 keep busy with these only (39 against 55 GFLOP/s on the one of docs/benchmarks.md).
constexpr std::size_t k_lanes = 4;
constexpr std::size_t k_vectors = k_panel / k_lanes;
using Lanes = double __attribute__((vector_size(k_lanes * sizeof(double)), aligned(8), may_alias));

inline __attribute__((always_inline)) Lanes& lanes(double* at) { return *reinterpret_cast<Lanes*>(at); }
inline __attribute__((always_inline)) const Lanes& lanes(const double* at) {
  return *reinterpret_cast<const Lanes*>(at);
}

struct Work {
  const double* panels;
  std::size_t items, dimension;
  const double* const* biases;  // of the users at work
  double* const* out;
};

enum class Panels { whole, cut };  // cut: the last one has fewer items

template <Panels kind>
inline __attribute__((always_inline)) void load(const double* from, std::size_t count, Lanes (&sums)[k_vectors]) {
  double filled[k_panel] = {};
  if constexpr (kind == Panels::cut) std::copy_n(from, count, filled);
  const double* at = kind == Panels::cut ? filled : from;
#pragma GCC unroll 4
  for (std::size_t v = 0; v < k_vectors; ++v) sums[v] = lanes(at + v * k_lanes);
}

template <Panels kind>
inline __attribute__((always_inline)) void store(const Lanes (&sums)[k_vectors], std::size_t count, double* to) {
  double filled[k_panel];
  double* at = kind == Panels::cut ? filled : to;
#pragma GCC unroll 4
  for (std::size_t v = 0; v < k_vectors; ++v) lanes(at + v * k_lanes) = sums[v];
  if constexpr (kind == Panels::cut) std::copy_n(filled, count, to);
}

/// The logits of U users with P panels of items; states [L, U]. A cut panel has `count` items.
template <std::size_t U, std::size_t P, Panels kind>
inline __attribute__((always_inline)) void meet(const Work& work, const double* states, std::size_t panel) {
  Lanes sums[U][P][k_vectors];
  const std::size_t first = panel * k_panel, count = work.items - first;
#pragma GCC unroll 4
  for (std::size_t u = 0; u < U; ++u) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p) load<kind>(work.biases[u] + first + p * k_panel, count, sums[u][p]);
  }
  const double* factors = work.panels + panel * work.dimension * k_panel;
  for (std::size_t l = 0; l < work.dimension; ++l, factors += k_panel, states += U) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < k_vectors; ++v) {
        const Lanes some = lanes(factors + p * work.dimension * k_panel + v * k_lanes);
#pragma GCC unroll 4
        for (std::size_t u = 0; u < U; ++u) sums[u][p][v] += states[u] * some;
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t u = 0; u < U; ++u) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p) store<kind>(sums[u][p], count, work.out[u] + first + p * k_panel);
  }
}

/// Whole groups of users, whose states are packed [groups, L, k_users]: all of them meet a panel while it is in the
/// cache.
inline __attribute__((always_inline)) void meet_groups(const Work& work, std::size_t groups, const double* packed) {
  const std::size_t whole = work.items / k_panel;
  for (std::size_t panel = 0; panel * k_panel < work.items; ++panel) {
    for (std::size_t g = 0; g < groups; ++g) {
      const Work part{work.panels, work.items, work.dimension, work.biases + g * k_users, work.out + g * k_users};
      const double* states = packed + g * k_users * work.dimension;
      if (panel < whole) {
        meet<k_users, 1, Panels::whole>(part, states, panel);
      } else {
        meet<k_users, 1, Panels::cut>(part, states, panel);
      }
    }
  }
}

inline __attribute__((always_inline)) void meet_one(const Work& work, const double* state) {
  const std::size_t whole = work.items / k_panel;
  std::size_t panel = 0;
  for (; panel + k_panels <= whole; panel += k_panels) meet<1, k_panels, Panels::whole>(work, state, panel);
  for (; panel < whole; ++panel) meet<1, 1, Panels::whole>(work, state, panel);
  if (panel * k_panel < work.items) meet<1, 1, Panels::cut>(work, state, panel);
}

inline __attribute__((always_inline)) double largest_of(std::span<const double> values) {
  double largest[k_lanes];
  std::fill(std::begin(largest), std::end(largest), values[0]);
  Lanes most = lanes(largest);
  std::size_t i = 0;
  for (; i + k_lanes <= values.size(); i += k_lanes) {
    const Lanes some = lanes(values.data() + i);
    most = most < some ? some : most;
  }
  lanes(largest) = most;
  for (; i < values.size(); ++i) largest[0] = std::max(largest[0], values[i]);
  return *std::max_element(std::begin(largest), std::end(largest));
}

/// Sum of e^(logit - top); item i belongs to running sum i mod 8.
inline __attribute__((always_inline)) double total_weight(std::span<const double> logits, double top) {
  constexpr std::size_t k_stretch = 64;
  double weights[k_stretch], totals[k_sums] = {};
  Lanes low = lanes(totals), high = lanes(totals + k_lanes);
  for (std::size_t first = 0; first < logits.size(); first += k_stretch) {
    const std::size_t count = std::min(k_stretch, logits.size() - first);
    if (count == k_stretch) {
      for (std::size_t k = 0; k < k_stretch; ++k) weights[k] = exp_series(logits[first + k] - top);
    } else {
      std::fill(std::begin(weights), std::end(weights), 0.0);
      for (std::size_t k = 0; k < count; ++k) weights[k] = exp_series(logits[first + k] - top);
    }
    for (std::size_t k = 0; k < k_stretch; k += k_sums) {
      low += lanes(weights + k);
      high += lanes(weights + k + k_lanes);
    }
  }
  lanes(totals) = low;
  lanes(totals + k_lanes) = high;
  return std::accumulate(std::begin(totals), std::end(totals), 0.0);
}

inline __attribute__((always_inline)) void lift(std::span<double> logits) {
  const double top = largest_of(logits);
  const double shift = std::log(static_cast<double>(logits.size())) - top - std::log(total_weight(logits, top));
  for (double& logit : logits) logit += shift;
}

/// states [users, L] of those beyond the packed groups.
inline __attribute__((always_inline)) void run(const Work& work, std::size_t users, const double* packed,
                                               const double* states) {
  const std::size_t groups = users / k_users;
  meet_groups(work, groups, packed);
  for (std::size_t u = groups * k_users; u < users; ++u, states += work.dimension) {
    meet_one({work.panels, work.items, work.dimension, work.biases + u, work.out + u}, states);
  }
  for (std::size_t u = 0; u < users; ++u) lift({work.out[u], work.items});
}

void run_plain(const Work& work, std::size_t users, const double* packed, const double* states) {
  run(work, users, packed, states);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void run_avx2(const Work& work, std::size_t users, const double* packed,
                                              const double* states) {
  run(work, users, packed, states);
}
__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=256"))) void run_avx512(const Work& work,
                                                                                             std::size_t users,
                                                                                             const double* packed,
                                                                                             const double* states) {
  run(work, users, packed, states);
}
#endif

using Run = void (*)(const Work&, std::size_t, const double*, const double*);

Run best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return run_avx512;
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
                             std::span<double* const> out) const {
  static const Run best_here = best();
  const std::size_t grouped = biases.size() / k_users * k_users;
  std::vector<double> packed(grouped * dimension_);
  for (std::size_t u = 0; u < grouped; ++u) {
    double* group = packed.data() + u / k_users * k_users * dimension_;
    for (std::size_t l = 0; l < dimension_; ++l) group[l * k_users + u % k_users] = states[u * dimension_ + l];
  }
  best_here({values_.data(), items_, dimension_, biases.data(), out.data()}, biases.size(), packed.data(),
            states.data() + grouped * dimension_);
}

}  // namespace coldframe::detail
