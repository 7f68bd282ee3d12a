#pragma once

#include <string>
#include <string_view>

#include "framework/core/config.h"
#include "framework/evaluation/non_inferiority.h"

namespace coldframe {

/// A line of `[expect]`, parsed.
struct AcceptanceBound {
  enum class Kind { at_least, above, at_most, below, within } kind = Kind::at_least;
  double number = 0.0;  // of the four comparisons
  Margin margin;        // of `within`
  std::string run;      // that `within` compares with, as written

  /// Of the four comparisons.
  bool holds(double value) const;
};

/// ConfigError that names key, text and place.
AcceptanceBound parse_acceptance_bound(const FreeValue& line);

}  // namespace coldframe
