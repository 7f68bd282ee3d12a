#pragma once

#include "framework/reporting/report.h"

namespace coldframe {

/// That the users of two simulations can be paired: one population, world, law of choice, seed, and the same users on
/// the same pages. Who was in the race may differ. DataError that names both.
void require_same_race(const NamedSimulation& a, const NamedSimulation& b);

}  // namespace coldframe
