#pragma once

#include <span>

#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// The checks of pool_runs(). Runs in any order.
void require_comparable(std::span<const NamedRun> runs);

}  // namespace coldframe
