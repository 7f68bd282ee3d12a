#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// Appends what runs over streams of tasks measured to arrays of tables and plots (report.h): the table `streams` with
/// one line per run, `stream-differences` of every run to the first one over the same people, and for the first
/// seed of every variant its numbers, its matrix R, its next cohorts and R as a heat map. Nothing where no run has tasks.
void add_streams(nlohmann::json& tables, nlohmann::json& plots, std::span<const NamedRun> runs,
                 const BootstrapOptions& bootstrap);

}  // namespace coldframe
