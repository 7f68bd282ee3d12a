#pragma once

#include <nlohmann/json_fwd.hpp>

#include "framework/reporting/fairness_report.h"

namespace coldframe {

/// The table `reranking`: what lists with a bound on exposure gave the group of items, and what that cost. Share of
/// exposure = attention of the group's places over that of all places (1 / log2(1 + place)), as ratios over users.
void append_reranking_table(const FairnessInput& input, const FairnessRules& rules, nlohmann::json& tables);

}  // namespace coldframe
