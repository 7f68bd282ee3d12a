#pragma once

#include <span>
#include <string>

#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// The record of an evaluated run, named by its folder as the user gave it, its configuration as trained_settings() has
/// it, so that seeds of one recipe are known as such when options came in between. DataError when the folder holds
/// none.
NamedRun read_finished_run(const std::string& folder);

/// The first path that is listed a second time, in whatever way it is written; empty when there is none. A result that
/// counted twice would look like two.
std::string given_twice(std::span<const std::string> paths);

}  // namespace coldframe
