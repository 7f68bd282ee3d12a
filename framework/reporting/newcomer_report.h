#pragma once

#include <nlohmann/json_fwd.hpp>

#include "framework/reporting/newcomer_numbers.h"
#include "framework/reporting/newcomer_verdicts.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// What the parts of the report about real newcomers are made from.
struct NewcomerFindings {
  const PooledRuns& runs;
  std::vector<ShotNumbers> numbers;
  std::vector<NewcomerVerdict> verdicts;
};

/// Appends to arrays of tables and plots (report.h): the strategies side by side, every metric and coverage over k,
/// ratios and differences, the two verdicts, the runs.
void add_newcomer_tables(nlohmann::json& tables, const NewcomerFindings& findings);
/// Quality over k, loss curves, paired differences.
void add_newcomer_plots(nlohmann::json& plots, const NewcomerFindings& findings);

/// What a variant cost: means over its runs, the largest peak memory.
struct VariantCost {
  std::int64_t trainable_parameters = 0;
  double seconds = 0.0;
  double peak_memory_mb = 0.0;
  double steps = 0.0;
  double pairs_seen = 0.0;
};
VariantCost cost_of(const PooledRuns& runs, const std::string& variant);

}  // namespace coldframe
