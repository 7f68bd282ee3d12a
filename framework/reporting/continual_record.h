#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/task_cohorts.h"

namespace coldframe {

struct NamedTask {
  std::string name;
  std::size_t trained_users = 0;
};

/// What was measured while a stream of tasks was learned.
struct ContinualRecord {
  std::string method;
  std::string stream;
  std::string metric;
  std::string tested;  // "H"
  std::size_t shots = 0;
  double fading = 1;
  std::vector<NamedTask> tasks;
  std::vector<TaskCohort> cohorts;               // by task
  std::vector<NextCohort> next;                  // by task, or none where tasks share people
  std::size_t delay = 0;                         // tasks until feedback is known
  double prior_weight = 0.0;                     // 0: nothing was measured with the item prior
  std::vector<TaskCohort> with_prior = {};       // by task
  std::vector<NextCohort> next_with_prior = {};  // by task
};

/// The key `continual` of a run's summary:
///   method, stream, metric, tested, shots, fading,
///   tasks [{name, trained_users, tested_users, next_users}], matrix [T + 1][T] (null where not measured),
///   numbers {average, backward_transfer, forward_transfer, forgetting_last, forgetting_max_all, forgetting_max_before,
///   stream_area, dynamic_regret, recovery_tasks: {value, low, high, detectable}}, forgetting_by_task {last, max_all,
///   max_before: [T - 1]}, prequential [{value, low, high, popularity}] by task; from the second task on:
///   prequential_mean and prequential_over_popularity {value, low, high, detectable}, prequential_popularity,
///   prequential_faded; delay; with_prior {weight, matrix, numbers, forgetting_by_task, prequential ...} where
///   everything was measured a second time with the item prior. With a delay d the prequential means begin at task d
///   + 2.
/// Intervals are over people; `detectable` is the smallest true effect that such a number would have shown with 80 %
/// power.
nlohmann::json continual_summary(const ContinualRecord& record, const BootstrapOptions& bootstrap);

/// The people of a record, task by task.
std::vector<TaskPeople> people_of(const ContinualRecord& record);

/// Paired differences of the numbers of two runs, first - second: {next, average, backward_transfer, ...: {value, low,
/// high, detectable}}; null unless both were measured on the same people of the same tasks.
nlohmann::json continual_differences(std::span<const TaskPeople> first, std::span<const TaskPeople> second,
                                     const BootstrapOptions& bootstrap);

/// Tables `task-matrix` and `task-numbers`, and `task-next` where there are next cohorts, in the form of report.h.
std::vector<nlohmann::json> continual_tables(const nlohmann::json& summary, const std::string& run);

/// The tables for a terminal.
std::string continual_text(const nlohmann::json& summary);

}  // namespace coldframe
