#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "framework/simulation/detail/logit_law.h"

namespace coldframe::detail {

// Users who read a page from the top: an examined item is clicked with its attraction a_k; after a click they stop with
// satisfied(a_k, k); otherwise they look at the next position with go_on. A law names these three for a number type T.

/// Stops at the first click, never before.
template <class T>
struct CascadeLaw {
  Attraction<T> attraction;
  T go_on = T(1);
  T satisfied(const T&, std::size_t) const { return T(1); }
};

/// After a click at position k = 1, 2, ... goes on with first * decay^(k-1); without one, always.
template <class T>
struct DependentClickLaw {
  Attraction<T> attraction;
  T first;
  T decay;
  T go_on = T(1);
  T satisfied(const T&, std::size_t position) const {
    T stays = first;
    for (std::size_t k = 0; k < position; ++k) stays = stays * decay;
    return 1 - stays;
  }
};

/// Satisfied in proportion to the attraction, on top of a base.
template <class T>
struct DynamicBayesianLaw {
  Attraction<T> attraction;
  T go_on;
  T base;
  T gain;
  T satisfied(const T& a, std::size_t) const { return base + gain * a; }
};

/// log P(clicks | slate) by the backward recursion of dynamic_bayesian.h.
template <class T, template <class> class Law>
T top_down_log_likelihood(const Law<T>& law, std::span<const double> utilities, std::span<const std::uint8_t> clicks) {
  using std::log;
  std::size_t from = clicks.size();  // first position after the last click
  while (from > 0 && clicks[from - 1] == 0) --from;
  T tail = T(1);  // P(no click from here on, given that this position is looked at)
  for (std::size_t k = clicks.size(); k > from; --k) {
    tail = (1.0 - law.attraction(utilities[k - 1])) * (1.0 - law.go_on + law.go_on * tail);
  }
  if (from == 0) return log(tail);
  T sum = T(0);
  for (std::size_t k = 0; k + 1 < from; ++k) {
    const T a = law.attraction(utilities[k]);
    sum += log(law.go_on * (clicks[k] != 0 ? a * (1.0 - law.satisfied(a, k)) : 1.0 - a));
  }
  const T a = law.attraction(utilities[from - 1]);
  const T s = law.satisfied(a, from - 1);
  return sum + log(a * (s + (1.0 - s) * (1.0 - law.go_on + law.go_on * tail)));
}

}  // namespace coldframe::detail
