#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "framework/reporting/newcomer_report.h"

namespace coldframe {

/// Appends a table and, where it stays readable, a plot for every slicing of the targets (`slice-popularity`,
/// `slice-age`) and every grouping of the users (`group-gender`): the strategies, popularity and the frozen encoder,
/// the first metric at every k and its paired difference to popularity, each with its interval over the users of that
/// cell alone. Cells with fewer users than the rules ask for show no number.
void add_slices(nlohmann::json& tables, nlohmann::json& plots, const NewcomerFindings& findings,
                const VerdictRules& rules);

}  // namespace coldframe
