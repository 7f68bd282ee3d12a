#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// People of one task in one world: closed-form expected clicks per page of every user; empty: not simulated.
struct WorldCell {
  std::vector<double> model;
  std::vector<double> popularity;  // of items in the tasks so far; empty where there are none
  std::vector<double> ceiling;     // the informed oracle of that world
};

/// A stream of tasks on simulated newcomers of every task (a cohort, the same people in all cells of a column).
/// Rows 0 .. T: the encoder after so many tasks; columns 0 .. T - 1.
struct StreamWorlds {
  std::string run;     // variant
  std::string method;  // continual.method
  std::size_t delay = 0;
  std::vector<std::string> tasks;            // [T] names
  std::vector<double> user_steps;            // [T] pages that were learned from
  std::vector<std::vector<UserKey>> users;   // [T]
  std::vector<std::vector<WorldCell>> then;  // [T + 1][T] in the world of the column
  std::vector<std::vector<WorldCell>> now;   // [T + 1][T] in the world of the row; row 0 has none
  std::optional<std::size_t> change;         // the first task in a world that is not that of the first
};

/// A report of tables (report.h): R_then (retention: cohort j in the world of its own time) and R_now (currency: cohort
/// j in the world of the row), each as expected clicks per page and as share of the cell's attainable range
/// (model - popularity) / (informed oracle - popularity), blank where the interval of the denominator covers 0; and
/// numbers: what every cohort got before it was learned from (the headline), against popularity, ACC and backward
/// transfer of R_then, ACC of R_now, and recovery in user-steps. Intervals over people, paired between rows.
nlohmann::json stream_worlds_report(const StreamWorlds& worlds, const BootstrapOptions& bootstrap);

}  // namespace coldframe
