#pragma once

#include <chrono>
#include <functional>

#include "framework/comm/group.h"

namespace coldframe {

/// Runs `work` on `ranks` threads of this process, each with its own Group of that size: every multi-rank test without
/// mpirun, with the same collectives. A message is handed over only when both sides are there, so that code which
/// deadlocks over MPI with large messages deadlocks here too and is named when the deadline passes.
///
/// When a virtual rank throws, the others are released from their waits, and the exception of the lowest rank that
/// failed by itself is rethrown after all threads have ended.
void run_virtual_ranks(int ranks, const std::function<void(const Group&)>& work,
                       std::chrono::milliseconds deadline = std::chrono::seconds(120));

}  // namespace coldframe
