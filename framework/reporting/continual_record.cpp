#include "framework/reporting/continual_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/evaluation/significance.h"
#include "framework/evaluation/stream_numbers.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

struct NamedStatistic {
  const char* key;
  const char* title;
  MatrixStatistic statistic;
};

std::vector<NamedStatistic> statistics() {
  const auto lost = [](ForgettingRule rule) { return [rule](const TaskMatrix& m) { return forgetting(m, rule); }; };
  return {{"average", "average over tasks at the end (ACC)",
           [](const TaskMatrix& m) { return std::optional(average_performance(m)); }},
          {"backward_transfer", "backward transfer (BWT)", backward_transfer},
          {"forward_transfer", "forward transfer (FWT)", forward_transfer},
          {"forgetting_last", "forgetting, from right after the task", lost(ForgettingRule::last)},
          {"forgetting_max_all", "forgetting, from the best of all rows", lost(ForgettingRule::max_all)},
          {"forgetting_max_before", "forgetting, from the best of earlier rows", lost(ForgettingRule::max_before)},
          {"stream_area", "area under the mean over all tasks", stream_area},
          {"dynamic_regret", "lost by coming before the task was learned (dynamic regret)", dynamic_regret},
          {"recovery_tasks", "tasks until 95 % of the best (recovery)",
           [](const TaskMatrix& m) { return recovery_tasks(m); }}};
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json with_detectable(const Estimate& estimate, double alpha) {
  Json json = to_json(estimate);
  json["value"] = number_or_null(estimate.value);
  const double variance = estimate.standard_error * estimate.standard_error;
  json["detectable"] = estimate.interval ? Json(minimum_detectable_effect(variance, 1, alpha)) : Json();
  return json;
}

Json matrix_json(const TaskMatrix& matrix) {
  Json rows = Json::array();
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    Json cells = Json::array();
    for (const double cell : matrix.row(row)) cells.push_back(number_or_null(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

Json forgetting_json(const TaskMatrix& matrix) {
  Json json = Json::object();
  for (const ForgettingRule rule : {ForgettingRule::last, ForgettingRule::max_all, ForgettingRule::max_before}) {
    Json tasks = Json::array();
    for (const double lost : forgetting_by_task(matrix, rule)) tasks.push_back(number_or_null(lost));
    json[std::string(to_string(rule))] = std::move(tasks);
  }
  return json;
}

/// Every next cohort is a task whose first two rows are the model and popularity.
std::vector<TaskCohort> as_cohorts(const std::vector<NextCohort>& next) {
  std::vector<TaskCohort> cohorts;
  for (const NextCohort& cohort : next) {
    TaskCohort& as = cohorts.emplace_back();
    as.users = cohort.users;
    as.rows.assign(next.size() + 1, {});
    as.rows[0] = cohort.model;
    as.rows[1] = cohort.popularity;
  }
  return cohorts;
}

/// From the task on that was met with something learned: before that nothing is popular either.
double mean_of_row(const TaskMatrix& matrix, std::size_t row, std::size_t first) {
  FadingAverage mean(1.0);
  for (std::size_t task = first; task < matrix.tasks(); ++task) mean.add(matrix.at(row, task));
  return mean.value();
}

void add_prequential(Json& summary, const ContinualRecord& record, const BootstrapOptions& bootstrap, double alpha) {
  if (record.next.empty()) return;
  std::vector<MatrixStatistic> wanted;
  for (std::size_t task = 0; task < record.next.size(); ++task) {
    wanted.emplace_back([task](const TaskMatrix& m) { return std::optional(m.at(0, task)); });
  }
  const std::size_t first = 1 + record.delay;
  wanted.emplace_back([first](const TaskMatrix& m) { return std::optional(mean_of_row(m, 0, first)); });
  wanted.emplace_back(
      [first](const TaskMatrix& m) { return std::optional(mean_of_row(m, 0, first) - mean_of_row(m, 1, first)); });
  const std::vector<TaskCohort> cohorts = as_cohorts(record.next);
  const TaskMatrix means = task_matrix(cohorts);
  const std::vector<Estimate> estimates = estimate_from_cohorts(cohorts, wanted, bootstrap);
  FadingAverage faded(record.fading);
  Json periods = Json::array();
  for (std::size_t task = 0; task < record.next.size(); ++task) {
    Json period = to_json(estimates[task]);
    period["value"] = number_or_null(estimates[task].value);
    period["popularity"] = task < first ? Json() : number_or_null(means.at(1, task));
    periods.push_back(std::move(period));
    if (task >= first) faded.add(means.at(0, task));
  }
  const std::size_t last = record.next.size();
  summary["prequential"] = std::move(periods);
  summary["prequential_mean"] = with_detectable(estimates[last], alpha);
  summary["prequential_over_popularity"] = with_detectable(estimates[last + 1], alpha);
  summary["prequential_popularity"] = number_or_null(mean_of_row(means, 1, first));
  summary["prequential_faded"] = number_or_null(faded.value());
}

std::string row_name(std::size_t row, const Json& tasks) {
  return row == 0 ? "untrained" : fmt::format("after {}", tasks.at(row - 1).at("name").get<std::string>());
}

std::string column_key(std::size_t task) { return fmt::format("task_{}", task + 1); }

/// `prior`: behind the id and the title of a matrix that was measured with the item prior.
Json matrix_table(const Json& summary, const Json& matrix, const std::string& run, bool prior) {
  const Json& tasks = summary.at("tasks");
  TableBuilder table(
      prior ? "task-matrix-prior" : "task-matrix",
      fmt::format("{}: {} of every task's people after every task{}", run, summary.at("metric").get<std::string>(),
                  prior ? ", with the item prior of the tasks so far" : ""),
      fmt::format("people of role {} who stay the same over the rows; k = {}", summary.at("tested").get<std::string>(),
                  summary.at("shots").get<std::size_t>()));
  table.column("row", "");
  for (std::size_t task = 0; task < tasks.size(); ++task) {
    table.column(column_key(task), fmt::format("{} ({})", tasks[task].at("name").get<std::string>(),
                                               tasks[task].at("tested_users").get<std::size_t>()));
  }
  for (std::size_t row = 0; row < matrix.size(); ++row) {
    Json cells{{"row", row_name(row, tasks)}};
    for (std::size_t task = 0; task < tasks.size(); ++task) cells[column_key(task)] = matrix[row][task];
    table.row(std::move(cells));
  }
  return table.take();
}

Json numbers_table(const Json& summary, const std::string& run) {
  TableBuilder table(
      "task-numbers",
      fmt::format("{}: {} over {} tasks", run, summary.at("method").get<std::string>(), summary.at("tasks").size()),
      "intervals over people; detectable: the smallest true effect that would have shown with 80 % power; "
      "tastes of earlier people may be out of date, so forgetting is no verdict");
  table.column("number", "").column("value", summary.at("metric")).column("detectable", "detectable");
  const bool prior = summary.contains("with_prior");
  if (prior) table.column("with_prior", "with the item prior");
  const auto interval = [](const Json& estimate) -> Json {
    return {{"value", estimate.at("value")}, {"low", estimate.at("low")}, {"high", estimate.at("high")}};
  };
  const auto add = [&](const std::string& title, const std::string& pointer) {
    const Json& estimate = summary.at(Json::json_pointer(pointer));
    if (estimate.at("value").is_null()) return;
    Json row{{"number", title}, {"value", interval(estimate)}, {"detectable", estimate.at("detectable")}};
    if (prior) row["with_prior"] = interval(summary.at("with_prior").at(Json::json_pointer(pointer)));
    table.row(std::move(row));
  };
  if (summary.contains("prequential_mean")) {
    const auto delay = summary.value("delay", std::size_t{0});
    add(fmt::format("people of tasks {} .. T before they were trained on", 2 + delay), "/prequential_mean");
    Json faded{{"number", fmt::format("the same, faded by {:g}", summary.at("fading").get<double>())},
               {"value", summary.at("prequential_faded")}};
    if (prior) faded["with_prior"] = summary.at("with_prior").at("prequential_faded");
    table.row(std::move(faded));
    table.row({{"number", "popularity on the same people"}, {"value", summary.at("prequential_popularity")}});
    add("difference to popularity", "/prequential_over_popularity");
  }
  for (const NamedStatistic& named : statistics()) {
    if (summary.at("numbers").contains(named.key)) add(named.title, fmt::format("/numbers/{}", named.key));
  }
  return table.take();
}

Json next_table(const Json& summary, const std::string& run) {
  TableBuilder table("task-next",
                     fmt::format("{}: {} of everybody of a task before it was trained on", run,
                                 summary.at("metric").get<std::string>()),
                     "all roles but W; popularity counts likes of role T in the tasks before");
  table.column("task", "task").column("users", "people").column("value", "model").column("popularity", "popularity");
  for (std::size_t task = 0; task < summary.at("prequential").size(); ++task) {
    const Json& period = summary.at("prequential")[task];
    if (period.at("value").is_null()) continue;
    table.row({{"task", summary.at("tasks")[task].at("name")},
               {"users", summary.at("tasks")[task].at("next_users")},
               {"value", {{"value", period.at("value")}, {"low", period.at("low")}, {"high", period.at("high")}}},
               {"popularity", period.at("popularity")}});
  }
  return table.take();
}

/// What was measured with the item prior, as if it were a stream of its own.
Json prior_json(const ContinualRecord& record, const BootstrapOptions& bootstrap) {
  ContinualRecord served = record;
  served.prior_weight = 0.0;
  served.cohorts = record.with_prior;
  served.next = record.next_with_prior;
  Json json = continual_summary(served, bootstrap);
  for (const char* key : {"method", "stream", "metric", "tested", "shots", "fading", "tasks", "delay"}) json.erase(key);
  json["weight"] = record.prior_weight;
  return json;
}

}  // namespace

Json continual_summary(const ContinualRecord& record, const BootstrapOptions& bootstrap) {
  const double alpha = 1.0 - bootstrap.level;
  const TaskMatrix matrix = task_matrix(record.cohorts);
  std::vector<MatrixStatistic> wanted;
  for (const NamedStatistic& named : statistics()) wanted.push_back(named.statistic);
  const std::vector<Estimate> estimates = estimate_from_cohorts(record.cohorts, wanted, bootstrap);
  Json numbers = Json::object(), tasks = Json::array();
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    numbers[statistics()[i].key] = with_detectable(estimates[i], alpha);
  }
  for (std::size_t task = 0; task < record.tasks.size(); ++task) {
    tasks.push_back({{"name", record.tasks[task].name},
                     {"trained_users", record.tasks[task].trained_users},
                     {"tested_users", record.cohorts[task].users.size()},
                     {"next_users", record.next.empty() ? 0 : record.next[task].users.size()}});
  }
  Json summary{{"method", record.method},       {"stream", record.stream},
               {"metric", record.metric},       {"tested", record.tested},
               {"shots", record.shots},         {"fading", record.fading},
               {"tasks", std::move(tasks)},     {"numbers", numbers},
               {"matrix", matrix_json(matrix)}, {"forgetting_by_task", forgetting_json(matrix)}};
  add_prequential(summary, record, bootstrap, alpha);
  summary["delay"] = record.delay;
  if (record.prior_weight > 0.0) summary["with_prior"] = prior_json(record, bootstrap);
  return summary;
}

std::vector<TaskPeople> people_of(const ContinualRecord& record) {
  std::vector<TaskPeople> people;
  for (std::size_t task = 0; task < record.cohorts.size(); ++task) {
    people.push_back({record.cohorts[task], record.next.empty() ? NextCohort{} : record.next[task]});
  }
  return people;
}

Json continual_differences(std::span<const TaskPeople> first, std::span<const TaskPeople> second,
                           const BootstrapOptions& bootstrap) {
  const auto same = [](const TaskPeople& a, const TaskPeople& b) {
    return a.tested.users == b.tested.users && a.next.users == b.next.users;
  };
  if (!std::ranges::equal(first, second, same)) return {};
  std::vector<TaskCohort> mine, theirs;
  for (const TaskPeople& people : first) mine.push_back(people.tested);
  for (const TaskPeople& people : second) theirs.push_back(people.tested);
  std::vector<MatrixStatistic> wanted;
  for (const NamedStatistic& named : statistics()) wanted.push_back(named.statistic);
  const std::vector<Estimate> estimates = estimate_differences(mine, theirs, wanted, bootstrap);
  Json differences = Json::object();
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    differences[statistics()[i].key] = with_detectable(estimates[i], 1.0 - bootstrap.level);
  }
  std::vector<NextCohort> mine_next, theirs_next;
  for (const TaskPeople& people : first) mine_next.push_back(people.next);
  for (const TaskPeople& people : second) theirs_next.push_back(people.next);
  if (mine_next.empty() || mine_next.front().users.empty()) return differences;
  const std::size_t informed = first_informed_task(first);
  const MatrixStatistic next = [informed](const TaskMatrix& m) { return std::optional(mean_of_row(m, 0, informed)); };
  const std::vector<Estimate> of_next =
      estimate_differences(as_cohorts(mine_next), as_cohorts(theirs_next), {&next, 1}, bootstrap);
  differences["next"] = with_detectable(of_next.front(), 1.0 - bootstrap.level);
  return differences;
}

std::vector<Json> continual_tables(const Json& summary, const std::string& run) {
  std::vector<Json> tables{numbers_table(summary, run),
                           matrix_table(summary, summary.at("matrix"), run, /*prior=*/false)};
  if (summary.contains("with_prior")) {
    tables.push_back(matrix_table(summary, summary.at("with_prior").at("matrix"), run, /*prior=*/true));
  }
  if (summary.contains("prequential")) tables.push_back(next_table(summary, run));
  return tables;
}

std::string continual_text(const Json& summary) {
  std::string text;
  for (const Json& table : continual_tables(summary, "stream")) text += table_text(table) + '\n';
  return text;
}

}  // namespace coldframe
