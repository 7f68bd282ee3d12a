#pragma once

#include <cstdint>
#include <string_view>

#include "framework/core/options.h"

namespace coldframe::detail {

/// `at_period` and `over_periods` of a section that changes something over periods (world_drift_options.h).
void visit_drift_times(OptionVisitor& visitor, std::int64_t& at_period, std::int64_t& over_periods,
                       std::string_view over_doc);

}  // namespace coldframe::detail
