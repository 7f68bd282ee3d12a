#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "framework/simulation/choice_fit.h"
#include "framework/simulation/detail/iterated_law.h"
#include "framework/simulation/detail/logit_law.h"
#include "framework/simulation/detail/position_law.h"
#include "framework/simulation/detail/top_down_law.h"

namespace coldframe::detail {

/// How a free number becomes a parameter: as it is, as a share in (0, 1), or as a share of what the one before leaves.
enum class Link { real, share, rest };

/// Needed: more than one position on a page.
enum class Positions { any, several };

struct ParameterShape {
  std::string_view name;
  Link link = Link::real;
  Positions positions = Positions::any;
};

constexpr ParameterShape k_scale{"scale"};
constexpr ParameterShape k_no_click{"no_click"};

// One family per user model: its parameters in order, and the likelihood of a page given them in any number type.

struct LogitFamily {
  static constexpr std::array<ParameterShape, 2> k_parameters{k_scale, k_no_click};
  template <class T>
  static T log_likelihood(const std::array<T, 2>& p, const ObservedPage& page, const ChoiceFitOptions&) {
    return LogitLaw<T>{p[0], p[1]}.log_likelihood(page.utilities, page.clicks);
  }
};

struct IteratedFamily {
  static constexpr std::array<ParameterShape, 2> k_parameters{k_scale, k_no_click};
  template <class T>
  static T log_likelihood(const std::array<T, 2>& p, const ObservedPage& page, const ChoiceFitOptions& options) {
    return IteratedLaw<T>{p[0], p[1], static_cast<std::size_t>(options.iterated_picks)}.log_likelihood(page.utilities,
                                                                                                       page.clicks);
  }
};

struct PositionFamily {
  static constexpr std::array<ParameterShape, 3> k_parameters{
      k_scale, k_no_click, ParameterShape{"pbm_decay", Link::real, Positions::several}};
  template <class T>
  static T log_likelihood(const std::array<T, 3>& p, const ObservedPage& page, const ChoiceFitOptions&) {
    return PositionLaw<T>{{p[0], p[1]}, p[2]}.log_likelihood(page.utilities, page.clicks);
  }
};

struct CascadeFamily {
  static constexpr std::array<ParameterShape, 2> k_parameters{k_scale, k_no_click};
  template <class T>
  static T log_likelihood(const std::array<T, 2>& p, const ObservedPage& page, const ChoiceFitOptions&) {
    return top_down_log_likelihood(CascadeLaw<T>{{p[0], p[1]}}, page.utilities, page.clicks);
  }
};

struct DependentClickFamily {
  static constexpr std::array<ParameterShape, 4> k_parameters{
      k_scale, k_no_click, ParameterShape{"dcm_continue", Link::share, Positions::several},
      ParameterShape{"dcm_decay", Link::share, Positions::several}};
  template <class T>
  static T log_likelihood(const std::array<T, 4>& p, const ObservedPage& page, const ChoiceFitOptions&) {
    return top_down_log_likelihood(DependentClickLaw<T>{{p[0], p[1]}, p[2], p[3]}, page.utilities, page.clicks);
  }
};

struct DynamicBayesianFamily {
  static constexpr std::array<ParameterShape, 5> k_parameters{
      k_scale, k_no_click, ParameterShape{"dbn_continue", Link::share, Positions::several},
      ParameterShape{"dbn_satisfaction", Link::share, Positions::several},
      ParameterShape{"dbn_satisfaction_gain", Link::rest, Positions::several}};
  template <class T>
  static T log_likelihood(const std::array<T, 5>& p, const ObservedPage& page, const ChoiceFitOptions&) {
    return top_down_log_likelihood(DynamicBayesianLaw<T>{{p[0], p[1]}, p[2], p[3], p[4]}, page.utilities, page.clicks);
  }
};

/// Parameters from free numbers x; a known one is a constant.
template <class Family, class T, std::size_t N>
std::array<T, N> natural_parameters(const std::array<T, N>& x, const std::map<std::string, double>& known) {
  using std::exp;
  std::array<T, N> natural;
  for (std::size_t i = 0; i < N; ++i) {
    const auto given = known.find(std::string(Family::k_parameters[i].name));
    if (given != known.end()) {
      natural[i] = T(given->second);
      continue;
    }
    const Link link = Family::k_parameters[i].link;
    natural[i] = link == Link::real ? x[i] : 1.0 / (1.0 + exp(-x[i]));
    if (link == Link::rest) natural[i] = natural[i] * (1.0 - natural[i - 1]);
  }
  return natural;
}

}  // namespace coldframe::detail
