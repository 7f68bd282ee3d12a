#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/simulation/click_realism.h"
#include "framework/simulation/population.h"

namespace coldframe {

/// A log of impressions and what it is compared with. Borrows everything.
struct ClickCheckSetting {
  const Experiment& experiment;
  const ExperimentData& data;
  const Population& population;
  std::string log;        // dataset store
  std::size_t draws = 0;  // prior draws of utilities
  BootstrapOptions bootstrap;
};

/// Adds to a report of realism what the log says about laws of clicks: tables, `facts.impressions`, and to
/// `facts.not_identifiable` what it does not say. Throws DataError for a file that is no store, shows other items, or
/// holds pages that cannot be.
void add_click_check(const ClickCheckSetting& setting, nlohmann::json& report);

}  // namespace coldframe
