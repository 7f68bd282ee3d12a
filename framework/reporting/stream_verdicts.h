#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "framework/evaluation/verdict.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// Streams that were learned with several training seeds, as recipes: seeds and people are samples, tasks are given.
/// Appends the table `stream-strategies` (numbers of every variant, mean over seeds), the table `verdict-streams` (every
/// variant against popularity, and every pair, on the people of the next task, ACC and BWT; Holm over the table) and the
/// plot `stream-next` of the next task's people over time. Nothing where no variant has two seeds, for several folds
/// (whose next cohorts share people), or where variants were measured on other people.
void add_stream_verdicts(nlohmann::json& tables, nlohmann::json& plots, std::span<const NamedRun> runs,
                         const VerdictRules& rules);

}  // namespace coldframe
