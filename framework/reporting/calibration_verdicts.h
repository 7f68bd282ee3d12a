#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "framework/evaluation/verdict.h"
#include "framework/reporting/calibration_report.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// What a record keeps of every head, newcomer by newcomer.
std::vector<CalibratedPeople> calibrated_people(const CalibrationInput& input);

/// Appends the table `verdict-calibration`: the first run against every other of the same fold, training seed and
/// newcomers, text alone and with item prior, at every k of `shots`, by the log likelihood of a pair (log loss with its
/// sign turned, so that larger is better), paired by newcomer, Holm over the table. These checkpoints; no smallest
/// effect, which is one of ranking. Nothing where no two runs can be set side by side.
void add_calibration_verdicts(nlohmann::json& tables, std::span<const NamedRun> runs,
                              std::span<const std::size_t> shots, VerdictRules rules);

}  // namespace coldframe
