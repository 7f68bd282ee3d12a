#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "framework/evaluation/verdict.h"
#include "framework/reporting/pooled_runs.h"
#include "framework/reporting/simulation_record.h"

namespace coldframe {

/// A simulation record with the name by which the report calls it (its file).
struct NamedSimulation {
  std::string name;
  SimulationRecord record;
};

/// Everything the report shows, as JSON: it is written as report.json, embedded in report.html, and the tables go out
/// as CSV. Keys:
///   format, sentences [text], limits [text], facts {variants, folds, seeds, metrics, shots, users, left_out, items},
///   tables [{id, title, note, columns [{key, title}], rows [{key: value}]}],
///   plots  [{id, title, note, x_title, y_title, x_log, forest, heat, traces [{name, dash, x [..], y [..], low
///   [..], high [..], line, highlight}]}]; of a trace with `line` only the line is drawn, `highlight` is there where marks
///   stand out from others, or do not.
/// A value is a number, text, null, or an estimate {value, low, high} whose interval may be null. In a forest x holds
/// the values (low and high belong to x) and y the names; a heat map has one trace with names of columns in x, of rows
/// in y, and z [rows][columns].
nlohmann::json make_report(const PooledRuns& runs, std::span<const NamedSimulation> simulations,
                           const VerdictRules& rules);

}  // namespace coldframe
