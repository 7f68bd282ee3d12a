#pragma once

#include "framework/simulation/catalogue.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/user_model_registry.h"

namespace coldframe {

/// Click rates (share of pages with a click) that a choice scale brings about, in closed form on first pages.
struct ClickRates {
  double random = 0;
  double popular = 0;
};

struct ChoiceCalibration {
  ChoiceScale scale;
  ClickRates reached;
};

/// Solves utility scale and no-click logit so that the random and the popularity policy have the configured click
/// rates, on keyed newcomers of their own. Where popularity cannot be told from random at any scale (lambda = 0), give
/// the scale solved at lambda = 1 as `fixed_scale`: then only the no-click logit is solved, for the random policy.
/// Throws ConfigError that names the reachable range.
ChoiceCalibration calibrate_choices(const Newcomers& newcomers, const Catalogue& catalogue,
                                    const SimulationOptions& options, const double* fixed_scale = nullptr,
                                    const UserModelRegistry& user_models = builtin_user_models());

/// The rule of protocol and design in one call: scale at lambda = 1, no-click logit at the configured lambda.
ChoiceCalibration calibrate_choices_for(const Population& population, const Catalogue& catalogue,
                                        const SimulationOptions& options,
                                        const UserModelRegistry& user_models = builtin_user_models());

}  // namespace coldframe
