#pragma once

#include <memory>

#include "framework/cli/learner.h"
#include "framework/data/task_stream.h"
#include "framework/training/task_planner.h"

namespace coldframe {

/// The stream of tasks that an experiment asks for, after a look at whether all of them can be trained and tested.
TaskStream make_task_stream(const Experiment& experiment, const ExperimentData& data);

/// Plans of all tasks. A task draws from its users of role T (with `joint`: from those of all tasks so far), and known
/// positives and the item prior of a loss are those of the tasks so far: nothing of later tasks enters. Borrows
/// `texts`.
std::unique_ptr<TaskPlanner> make_task_planner(const Experiment& experiment, const ExperimentData& data,
                                               const TaskStream& stream, const TokenSource& texts,
                                               const Objective& objective);

}  // namespace coldframe
