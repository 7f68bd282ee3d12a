#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/ad_rates.h"
#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/saved_users.h"
#include "framework/cli/search_rates.h"
#include "framework/cli/stored_run.h"
#include "framework/cli/subcommand.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/ad_market.h"
#include "framework/simulation/answer_law.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/word_shift.h"

namespace coldframe {

/// A replay that came to its end, with everything its record says about where it took place; borrowed.
struct Simulated {
  const Experiment& experiment;
  const ExperimentData& data;
  const Population& population;
  const ChoiceCalibration& calibration;
  const Invocation& invocation;
  const ReplayResult& result;
  std::span<const std::string> roles;  // of the result's policies
  std::span<const std::unique_ptr<StoredRun>> runs;
  const Catalogue& catalogue;
  std::string scoring = "fp32";        // of encoders, as it was done
  const AnswerLaw* answers = nullptr;  // when newcomers were asked
  const PopulationMix* mix = nullptr;  // when it changed
  const SearchLaw* search = nullptr;   // when somebody searched
  const SearchRates* search_rates = nullptr;
  const AdMarket* ads = nullptr;  // when places were sold
  const AdRates* ad_rates = nullptr;
  const WordShift* words = nullptr;   // when some gave way to synonyms
  const SavedUsers* saved = nullptr;  // when popularity took part
};

/// The record without rows of users. Warns of policies at or below the random one.
SimulationRecord make_simulation_record(const Simulated& simulated);

}  // namespace coldframe
