#pragma once

#include <cstdint>
#include <vector>

#include "framework/model/parameters.h"
#include "framework/training/optimizer_options.h"

namespace coldframe {

/// How AdamW treats one parameter.
struct UpdateRule {
  double learning_rate_factor = 1;
  double weight_decay = 0;
  /// Step of the run (0-based) with which it begins to be trained. Before, it is as frozen as one that no strategy
  /// chose: its gradient counts in no norm, its moments stay 0 and its decay rests; its bias correction counts from
  /// here.
  std::int64_t first_step = 0;
};

/// One rule per parameter of the store, by index; those of parameters that are not trained mean nothing. A run of
/// `steps` steps. ConfigError for a pattern that names no trained parameter, for a number out of range, and for
/// parameters whose first step the run never reaches.
std::vector<UpdateRule> update_rules(const ParameterStore& parameters, const OptimizerOptions& options,
                                     std::int64_t steps);

}  // namespace coldframe
