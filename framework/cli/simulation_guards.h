#pragma once

#include <cstdint>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/stored_run.h"
#include "framework/simulation/population.h"

namespace coldframe {

/// Refuses policies that know people, items or words of the world they are about to meet, and numbers of newcomers that
/// no clock holds. Borrows everything.
struct SimulationGuards {
  const Experiment& experiment;
  const ExperimentData& data;
  const Population& population;

  /// DataError or ConfigError for a run that learned from other data, people of the world, new items, or the newcomers'
  /// own templates.
  void require_strangers(const StoredRun& run) const;
  /// Baselines learn from role T of these options, which need not be the roles the population was made with.
  void require_baselines_are_strangers() const;
  /// ConfigError when newcomers up to and with `last` arrive in more periods than can be counted.
  void require_countable_periods(std::uint64_t last) const;
  /// Says which of the configured changes begin after the last of the newcomers has arrived.
  void warn_of_changes_to_come() const;

 private:
  void require_new_items_unknown(const StoredRun& run) const;
};

}  // namespace coldframe
