#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "framework/simulation/detail/jet.h"

namespace coldframe::detail {

/// Attraction a = sigmoid(scale v - no_click) of one item, for number types with exp(), see jet.h.
template <class T>
struct Attraction {
  T scale;
  T no_click;
  T operator()(double utility) const {
    using std::exp;
    return 1.0 / (1.0 + exp(no_click - scale * utility));
  }
};

/// The multinomial logit law of MultinomialLogit.
template <class T>
struct LogitLaw {
  T scale;
  T no_click;

  T log_normaliser(std::span<const double> utilities) const {
    using std::exp;
    using std::log;
    double largest = plain_value(no_click);
    for (const double utility : utilities) largest = std::max(largest, plain_value(scale) * utility);
    T total = exp(no_click - largest);
    for (const double utility : utilities) total += exp(scale * utility - largest);
    return largest + log(total);
  }

  T log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const {
    const T normaliser = log_normaliser(utilities);
    const auto count = std::count(clicks.begin(), clicks.end(), std::uint8_t{1});
    if (count > 1) return T(-std::numeric_limits<double>::infinity());
    if (count == 0) return no_click - normaliser;
    const auto chosen = static_cast<std::size_t>(std::find(clicks.begin(), clicks.end(), 1) - clicks.begin());
    return scale * utilities[chosen] - normaliser;
  }
};

}  // namespace coldframe::detail
