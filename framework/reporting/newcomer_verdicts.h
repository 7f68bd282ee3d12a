#pragma once

#include <string>
#include <vector>

#include "framework/evaluation/verdict.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// One displayed difference, judged twice; the two verdicts answer other questions and are never mixed.
struct NewcomerVerdict {
  std::size_t shots = 0;
  std::string first, second;  // names of scorers
  Judgement checkpoints;  // users resampled: holds for the weights at hand
  Judgement strategies;   // training seeds and users are samples: holds for the recipe
};

/// The displayed family, on the first metric, at every k: each strategy's row against popularity and against the frozen
/// encoder (with item prior against with item prior), and each pair of strategies. Holm over all of it.
std::vector<NewcomerVerdict> judge_newcomers(const PooledRuns& runs, const VerdictRules& rules);

}  // namespace coldframe
