#pragma once

#include "framework/cli/learner.h"
#include "framework/data/replay_memory.h"
#include "framework/training/continual_method.h"
#include "framework/training/task_planner.h"

namespace coldframe {

/// What the memory of a stream holds after so many tasks, with the rows that `method` (may be null) remembers.
ReplayMemory replay_memory(const ContinualOptions& options, const TaskPlanner& planner, ContinualMethod* method,
                           const Dataset& dataset, std::size_t tasks);

}  // namespace coldframe
