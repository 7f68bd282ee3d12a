#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/evaluation/like_calibration.h"
#include "framework/evaluation/unfairness_null.h"
#include "framework/evaluation/verdict.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// Probabilities of likes by one head, for the same newcomers at every k.
struct CalibratedScorer {
  std::string name;  // "lora", "lora + item prior", "item prior", "base rate"
  std::size_t shots = 0;
  LikeCalibration found;
  std::vector<double> probabilities = {};  // of all pairs of CalibrationInput::rated, at its k alone
};

struct CalibrationInput {
  std::string strategy;                   // the one that is not a reference
  std::vector<UserKey> users;             // newcomers of role H
  std::vector<CalibratedScorer> scorers;  // the last one is what the others are compared with
  std::size_t fitted_on = 0;              // newcomers of role V
  std::vector<UserLabels> groups;         // parallel to users
  std::size_t minimum_group = 50;
  RatedUsers rated = {};                            // what the newcomers liked among all candidates, at the smallest k
  std::vector<std::uint64_t> history_lengths = {};  // parallel to users: likes of each, in strata of the null
};

/// What `summary.calibration` of a run's record holds, in the form of report.h {facts, tables}:
/// `evaluation-calibration` (log loss with the difference to the last scorer of the same k, Brier score, ECE beside
/// that of perfect calibration, calibration in the large and slope), `evaluation-calibration-groups` (log loss and
/// calibration in the large by group, at the smallest k) and `evaluation-unfairness` (Yao and Huang's measures of a
/// group against the rest, beside their permutation nulls, at the smallest k). Groups below the minimum are left out.
/// Its numbers are measures of the run: evaluation.calibration.SCORER.shotK.COLUMN, SCORER being strategy,
/// strategy+item_prior, item_prior or base_rate.
nlohmann::json calibration_report(const CalibrationInput& input, const VerdictRules& rules);

/// Its tables for a terminal.
std::string calibration_text(const nlohmann::json& report);

/// Appends the tables `calibration` and `unfairness` of several runs; nothing where no run has any.
void add_calibration(nlohmann::json& tables, std::span<const NamedRun> runs);

}  // namespace coldframe
