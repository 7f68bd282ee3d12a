#include "framework/reporting/stream_worlds.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "framework/evaluation/continual.h"
#include "framework/evaluation/share_recovery.h"
#include "framework/evaluation/significance.h"
#include "framework/evaluation/task_cohorts.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;
using Cells = std::vector<std::vector<WorldCell>>;

/// Of one cell, if its range is not 0.
std::optional<Estimate> share_of_range(const WorldCell& cell, std::span<const UserKey> users,
                                       const BootstrapOptions& options) {
  if (cell.model.empty() || cell.popularity.empty() || cell.ceiling.empty()) return std::nullopt;
  PairedBootstrap sums(2, options);
  for (std::size_t u = 0; u < users.size(); ++u) {
    const double popularity = cell.popularity[u];
    sums.add(users[u], std::vector<double>{cell.model[u] - popularity, cell.ceiling[u] - popularity});
  }
  const Estimate range = sums.mean(1);
  if (!range.interval || range.interval->contains(0.0)) return std::nullopt;
  return sums.ratio(0, 1);
}

class WorldNumbers {
 public:
  WorldNumbers(const StreamWorlds& worlds, const BootstrapOptions& options) : worlds_(worlds), options_(options) {}

  Json report() const {
    Json tables = Json::array();
    tables.push_back(matrix("stream-then", "as the world was when they came", worlds_.then));
    tables.push_back(shares("stream-then-share", "as the world was when they came", worlds_.then));
    tables.push_back(matrix("stream-now", "in the world of the row", worlds_.now));
    tables.push_back(shares("stream-now-share", "in the world of the row", worlds_.now));
    tables.push_back(numbers());
    return {{"tables", std::move(tables)}, {"facts", facts()}};
  }

 private:
  std::size_t tasks() const { return worlds_.tasks.size(); }
  std::size_t row_before(std::size_t task) const { return task > worlds_.delay ? task - worlds_.delay : 0; }
  std::string row_name(std::size_t row) const {
    return row == 0 ? "untrained" : fmt::format("after {}", worlds_.tasks[row - 1]);
  }
  static std::string key(std::size_t task) { return fmt::format("task_{}", task + 1); }

  TableBuilder table(const std::string& id, const std::string& title, const std::string& note) const {
    TableBuilder table(id, title, note);
    table.column("row", "");
    for (std::size_t task = 0; task < tasks(); ++task) {
      table.column(key(task), fmt::format("{} ({})", worlds_.tasks[task], worlds_.users[task].size()));
    }
    return table;
  }

  Json matrix(const std::string& id, const std::string& when, const Cells& cells) const {
    TableBuilder built =
        table(id, fmt::format("{}: expected clicks per page of every task's people, {}", worlds_.run, when),
              "people who stay the same over the rows and were never learned from");
    for (std::size_t row = 0; row <= tasks(); ++row) {
      Json values{{"row", row_name(row)}};
      for (std::size_t task = 0; task < tasks(); ++task) {
        const WorldCell& cell = cells[row][task];
        if (!cell.model.empty()) values[key(task)] = mean(cell.model, task);
      }
      if (values.size() > 1) built.row(std::move(values));
    }
    return built.take();
  }

  Json shares(const std::string& id, const std::string& when, const Cells& cells) const {
    TableBuilder built =
        table(id, fmt::format("{}: share of the attainable range, {}", worlds_.run, when),
              "0: popularity of items in the tasks so far, 1: the informed oracle of that world; blank "
              "where the interval of this range holds 0");
    for (std::size_t row = 1; row <= tasks(); ++row) {
      Json values{{"row", row_name(row)}};
      for (std::size_t task = 0; task < tasks(); ++task) {
        const auto share = share_of_range(cells[row][task], worlds_.users[task], options_);
        if (share) values[key(task)] = to_json(*share);
      }
      built.row(std::move(values));
    }
    return built.take();
  }

  Json mean(const std::vector<double>& values, std::size_t task) const {
    PairedBootstrap sums(1, options_);
    for (std::size_t u = 0; u < values.size(); ++u) sums.add(worlds_.users[task][u], {&values[u], 1});
    return to_json(sums.mean(0));
  }

  /// Rows of every column as cohorts of a stream.
  std::vector<TaskCohort> cohorts(const Cells& cells) const {
    std::vector<TaskCohort> columns(tasks());
    for (std::size_t task = 0; task < tasks(); ++task) {
      columns[task].users = worlds_.users[task];
      for (std::size_t row = 0; row <= tasks(); ++row) columns[task].rows.push_back(cells[row][task].model);
    }
    return columns;
  }

  /// Every column with two rows: what its people got before they were learned from, and popularity then.
  std::vector<TaskCohort> next() const {
    std::vector<TaskCohort> columns(tasks());
    for (std::size_t task = 0; task < tasks(); ++task) {
      const WorldCell& cell = worlds_.then[row_before(task)][task];
      columns[task].users = worlds_.users[task];
      columns[task].rows.assign(tasks() + 1, {});
      columns[task].rows[0] = cell.model;
      columns[task].rows[1] = cell.popularity;
    }
    return columns;
  }

  Json numbers() const {
    TableBuilder built("stream-numbers", fmt::format("{}: {} over {} tasks", worlds_.run, worlds_.method, tasks()),
                       "intervals over people; detectable: the smallest true effect that would have shown with 80 % "
                       "power; old tastes may be out of date, so backward transfer is no verdict");
    built.column("number", "").column("value", "expected clicks per page").column("detectable", "detectable");
    const std::size_t first = 1 + worlds_.delay;
    const auto mean_row = [first](const TaskMatrix& m, std::size_t row) {
      double sum = 0;
      for (std::size_t task = first; task < m.tasks(); ++task) sum += m.at(row, task);
      return sum / static_cast<double>(m.tasks() - first);
    };
    const auto add = [&](const std::string& title, std::span<const TaskCohort> of, const MatrixStatistic& statistic) {
      const Estimate estimate = estimate_from_cohorts(of, {&statistic, 1}, options_).front();
      if (!std::isfinite(estimate.value)) return;
      Json row{{"number", title}, {"value", to_json(estimate)}};
      const double variance = estimate.standard_error * estimate.standard_error;
      if (estimate.interval) row["detectable"] = minimum_detectable_effect(variance, 1, 1.0 - options_.level);
      built.row(std::move(row));
    };
    const std::vector<TaskCohort> coming = next(), then = cohorts(worlds_.then), now = cohorts(worlds_.now);
    if (first < tasks()) {
      add(fmt::format("people of tasks {} .. T before they were learned from", first + 1), coming,
          [&](const TaskMatrix& m) { return std::optional(mean_row(m, 0)); });
      add("popularity on the same people", coming, [&](const TaskMatrix& m) { return std::optional(mean_row(m, 1)); });
      add("difference to popularity", coming,
          [&](const TaskMatrix& m) { return std::optional(mean_row(m, 0) - mean_row(m, 1)); });
    }
    const auto average = [](const TaskMatrix& m) { return std::optional(average_performance(m)); };
    add("all tasks' people at the end, as the world was (ACC, retention)", then, average);
    add("the same people in the world of the last task (ACC, currency)", now, average);
    add("backward transfer, as the world was", then, backward_transfer);
    return built.take();
  }

  Json facts() const {
    std::vector<std::optional<double>> shares(tasks());
    for (std::size_t task = 0; task < tasks(); ++task) {
      const auto share = share_of_range(worlds_.then[row_before(task)][task], worlds_.users[task], options_);
      if (share) shares[task] = share->value;
    }
    Json facts = {{"run", worlds_.run}, {"method", worlds_.method}, {"delay", worlds_.delay},
                  {"change", nullptr},  {"recovery", nullptr},      {"next_shares", Json::array()}};
    for (const auto& share : shares) facts["next_shares"].push_back(share ? Json(*share) : Json());
    if (!worlds_.change) return facts;
    facts["change"] = worlds_.tasks[*worlds_.change];
    if (const auto recovery = share_recovery(shares, worlds_.user_steps, *worlds_.change)) {
      facts["recovery"] = {{"share_before", recovery->before},
                           {"user_steps", recovery->user_steps ? Json(*recovery->user_steps) : Json()},
                           {"watched", recovery->watched}};
    }
    return facts;
  }

  const StreamWorlds& worlds_;
  const BootstrapOptions& options_;
};

}  // namespace

Json stream_worlds_report(const StreamWorlds& worlds, const BootstrapOptions& bootstrap) {
  return WorldNumbers(worlds, bootstrap).report();
}

}  // namespace coldframe
