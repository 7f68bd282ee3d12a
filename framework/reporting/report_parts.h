#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/verdict.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// Builds one table of the report's JSON (report.h).
class TableBuilder {
 public:
  TableBuilder(std::string id, std::string title, std::string note = {});
  TableBuilder& column(std::string key, std::string title);
  /// Cells by key; what is absent stays blank.
  TableBuilder& row(nlohmann::json cells);
  nlohmann::json take() { return std::move(table_); }

 private:
  nlohmann::json table_;
};

enum class Marks { line, points, forest, heat };

/// Builds one plot. Axis kinds are decided by the data: a logarithm needs positive numbers.
class PlotBuilder {
 public:
  PlotBuilder(std::string id, std::string title, std::string x_title, std::string y_title, Marks marks,
              std::string note = {});
  PlotBuilder& log_x_if_positive();
  /// One mark of a trace, which the first mark makes.
  PlotBuilder& mark(const std::string& trace, nlohmann::json x, nlohmann::json y,
                    const std::optional<Interval>& interval = std::nullopt);
  /// A cell of a heat map; rows and columns stand in the order in which they are named first.
  PlotBuilder& cell(const std::string& row, const std::string& column, nlohmann::json value);
  /// Baselines and floors are drawn dashed.
  PlotBuilder& dashed(const std::string& trace);
  /// Joins the marks of a trace by a line, without marks.
  PlotBuilder& line(const std::string& trace);
  /// Whether the marks of a trace stand out from the others.
  PlotBuilder& highlight(const std::string& trace, bool out);
  bool empty() const { return plot_.at("traces").empty(); }
  nlohmann::json take() { return std::move(plot_); }

 private:
  nlohmann::json& trace(const std::string& name);
  nlohmann::json plot_;
};

/// {value, low, high}; low and high null when the interval is undefined.
nlohmann::json to_json(const Estimate& estimate);
/// A row of a verdict table.
nlohmann::json to_json(const Judgement& judgement);
/// An empty verdict table with the columns of to_json(Judgement).
TableBuilder verdict_table(std::string id, std::string title, std::string note);

}  // namespace coldframe
