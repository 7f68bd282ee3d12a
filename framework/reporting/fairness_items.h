#pragma once

#include <nlohmann/json_fwd.hpp>

#include "framework/reporting/fairness_report.h"

namespace coldframe {

/// The item side of fairness_report: what each scorer showed, against what people liked (`items`), and whether the
/// exposure of a group of items goes beyond its popularity (`item-association`). Merit of an item = users who hold it
/// as a target.
void append_item_tables(const FairnessInput& input, const FairnessRules& rules, nlohmann::json& tables);

}  // namespace coldframe
