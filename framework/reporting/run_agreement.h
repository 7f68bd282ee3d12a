#pragma once

#include <span>

#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// The checks of pool_runs(). Runs in any order.
void require_comparable(std::span<const NamedRun> runs);

/// That two finished and evaluated runs were put to one test: data, roles T, V and H, users, metrics and their
/// definitions, masks, ties. How they were trained may differ. DataError that names both.
void require_same_test(const NamedRun& a, const NamedRun& b);

}  // namespace coldframe
