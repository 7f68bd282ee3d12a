#pragma once

#include "framework/cli/opened_run.h"
#include "framework/reporting/poisoning_report.h"

namespace coldframe {

/// DataError unless both runs differ in `[poisoning]` alone (and where they lie), `clean` in nothing being poisoned:
/// only then does their difference come from the log.
void require_pair(const StoredRun& poisoned, const StoredRun& clean);

/// Sets a run that learned from a poisoned log beside the one that learned from the log as it was, newcomer by
/// newcomer, and adds the rows to the input. Baselines are fitted on both logs; a score with item prior takes the prior
/// of its own log. Borrows nothing.
void add_pair(const OpenedRun& poisoned, const OpenedRun& clean, PoisoningInput& input);

}  // namespace coldframe
