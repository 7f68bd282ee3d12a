#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/continual.h"

namespace coldframe {

/// The people on whom one task is tested, the same in every row of R.
struct TaskCohort {
  std::vector<UserKey> users;
  std::vector<std::vector<double>> rows;  // [T + 1][users] one value per user and row; an empty row was not measured
};

/// Everybody of one task, before anything of them was trained on. Empty values: not measured.
struct NextCohort {
  std::vector<UserKey> users;
  std::vector<double> model;
  std::vector<double> popularity;  // of the items in the tasks before
};

/// Everything that was measured on people of one task; `next` is empty where tasks share people.
struct TaskPeople {
  TaskCohort tested;
  NextCohort next;
};

/// R from the means of the cohorts; NaN where a row was not measured.
TaskMatrix task_matrix(std::span<const TaskCohort> cohorts);

/// A number that is made from R; empty where it does not exist.
using MatrixStatistic = std::function<std::optional<double>(const TaskMatrix&)>;

/// Statistics of R with percentile intervals over users: in replicate b a user counts Poisson(1) times, in every row
/// and every cohort, so that differences between rows are paired. Standard errors are those of the replicates. An
/// estimate has no interval where the statistic does not exist or a replicate emptied a cohort. With max_all and
/// max_before the best of noisy rows is taken: those are biased upwards, in replicates too.
std::vector<Estimate> estimate_from_cohorts(std::span<const TaskCohort> cohorts,
                                            std::span<const MatrixStatistic> statistics,
                                            const BootstrapOptions& options);

/// The same of `first` - `second`, over the same tasks and people: a person counts equally often in both.
std::vector<Estimate> estimate_differences(std::span<const TaskCohort> first, std::span<const TaskCohort> second,
                                           std::span<const MatrixStatistic> statistics,
                                           const BootstrapOptions& options);

}  // namespace coldframe
