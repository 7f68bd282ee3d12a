#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/simulation/click_realism.h"

namespace coldframe {

/// How long sessions are, beside the law of `[simulation]`.
struct SessionLengths {
  std::string unknown;  // why they are not compared; empty: they are
  double log_mean = 0, law_mean = 0;
  Distance distance;
};

/// Laws of clicks judged on a log, and where utilities came from.
struct ClickFacts {
  const ClickRealism& clicks;
  const std::vector<UtilityJudgement>& utilities;
  std::string used_utilities;  // of the laws
  const SessionLengths& sessions;
  double level = 0.95;
};

/// The tables `click_laws`, `click_positions`, `click_perplexity`, `click_counts`, `click_sessions` and
/// `click_utilities` in the form of report.h.
std::vector<nlohmann::json> click_tables(const ClickFacts& facts);

}  // namespace coldframe
