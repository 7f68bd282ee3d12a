#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "framework/core/config.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/run_record.h"

namespace coldframe {

/// What a bound of `[expect]` was compared with.
struct ExpectationResult {
  std::string key;
  std::string bound;  // ">= 0.30"
  double value = 0;
  bool met = false;
};

/// Checks every key of `[expect]`, written `measure = OP NUMBER` with OP one of >=, >, <=, <. ConfigError with the nearest
/// measure for an unknown key, and for a bound that does not parse.
std::vector<ExpectationResult> check_expectations(std::span<const FreeValue> bounds, const std::map<std::string, double>& measures);

/// The measures of an evaluated run, for every metric and k of the trained strategy:
///   evaluation.ndcg@10.shot0                    mean over users, pure text score
///   evaluation.ndcg@10.shot0.with_prior         with the item prior
///   evaluation.ndcg@10.shot0.over_popularity    ratio of the pure score to popularity
///   evaluation.ndcg@10.shot0.minus_random.low   lower end of the interval of the difference to random
std::map<std::string, double> newcomer_measures(const RunRecord& record, const BootstrapOptions& bootstrap);

/// One line per bound: key, bound, value, met or MISSED.
std::string expectations_text(std::span<const ExpectationResult> results);

}  // namespace coldframe
