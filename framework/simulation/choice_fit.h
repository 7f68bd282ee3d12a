#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/simulation/user_model.h"

namespace coldframe {

/// One page of an impression log, with the utilities its user had. Both per position [S], in display order.
struct ObservedPage {
  std::vector<double> utilities;
  std::vector<std::uint8_t> clicks;
};

/// Named like its option in `[simulation]`; "scale" and "no_click" are those of ChoiceScale.
struct FittedParameter {
  std::string name;
  double value = 0;
  double standard_error = 0;  // 0: known beforehand
};

struct ChoiceFit {
  std::string user_model;
  std::vector<FittedParameter> parameters;
  double log_likelihood = 0;
  std::size_t pages = 0;

  /// DataError when the model has no such parameter.
  const FittedParameter& parameter(std::string_view name) const;
  ChoiceScale scale() const { return {parameter("scale").value, parameter("no_click").value}; }
  /// Writes user model and its parameters into the section, so that make_user_model(options, scale()) is the fit.
  void apply_to(SimulationOptions& options) const;
};

struct ChoiceFitOptions {
  std::int64_t iterated_picks = 3;      // of iterated_logit: a limit, not a parameter
  std::map<std::string, double> known;  // parameters that are not fitted, as in {{"dbn_continue", 1.0}}
};

/// Maximum likelihood for the choice parameters of a user model, given utilities: Newton's method on the exact
/// likelihood with exact derivatives, standard errors from the observed information. Shares are fitted as logits, so
/// a parameter never leaves its range. Throws ConfigError for unknown names, and DataError that says why for a log
/// that cannot identify the parameters: no clicks, nothing unclicked, equal utilities, one position where positions
/// matter, clicks the model excludes, an estimate at the border of its range, or any other flat direction.
ChoiceFit fit_choices(std::string_view user_model, std::span<const ObservedPage> log,
                      const ChoiceFitOptions& options = {});

}  // namespace coldframe
