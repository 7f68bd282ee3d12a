#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// Columns whose cells say what a row is about, of whatever kind, in the tables of all commands.
const std::set<std::string>& naming_columns() {
  static const std::set<std::string> columns = {
      "scorer",     "strategy",   "baseline", "against", "grouping", "group",  "item_group", "item",
      "kind",       "severity",   "shots",    "metric",  "policy",   "run",    "condition",  "stage",
      "comparison", "population", "template", "class",   "row",      "number", "task"};
  return columns;
}

/// Cells that are the same in all rows tell no row from another: one template, one simulated condition.
std::set<std::string> constant_columns(const Json& table) {
  std::set<std::string> constant;
  const Json& rows = table.at("rows");
  for (const char* key : {"condition", "template"}) {
    const bool same = std::ranges::all_of(
        rows, [&](const Json& row) { return row.value(key, Json()) == rows.front().value(key, Json()); });
    if (same) constant.insert(key);
  }
  return constant;
}

/// The words of a row; a scorer's are given apart, because it may be called `strategy` as well.
std::string words_of(const Json& table, const Json& row, const std::set<std::string>& left_out,
                     const std::string& strategy, bool by_role) {
  std::string words;
  for (const Json& column : table.at("columns")) {
    const std::string key = column.at("key");
    if (!naming_columns().contains(key) || left_out.contains(key) || !row.contains(key)) continue;
    const Json& cell = row.at(key);
    std::string word = key == "shots"     ? fmt::format("shot{}", cell.dump())
                       : cell.is_string() ? cell.get<std::string>()
                                          : fmt::format("{}", cell.get<double>());
    const bool scorer = key == "scorer" || key == "strategy" || key == "policy";
    const bool own = word == strategy || word.starts_with(strategy + " + ");
    if (by_role && scorer && own) word.replace(0, strategy.size(), "strategy");
    words += '.' + measure_word(word);
  }
  return words;
}

Measure measure_of_cell(const Json& cell) {
  Measure measure;
  const auto number = [](const Json& value) {
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  };
  if (!cell.is_object()) {
    measure.value = number(cell);
    return measure;
  }
  measure.estimated = true;
  measure.value = number(cell.value("value", Json()));
  const auto low = number(cell.value("low", Json())), high = number(cell.value("high", Json()));
  if (low && high) measure.interval = Interval{*low, *high};
  return measure;
}

/// Columns of numbers. A cell that some row or every row leaves out (a gap that cannot be stated) is one too, words are
/// none.
std::vector<std::string> measured_columns(const Json& table) {
  std::vector<std::string> keys;
  for (const Json& column : table.at("columns")) {
    const std::string key = column.at("key");
    const bool words = std::ranges::any_of(table.at("rows"), [&](const Json& row) {
      const Json cell = row.value(key, Json());
      return cell.is_string() || cell.is_array() || cell.is_boolean();
    });
    if (!words && !naming_columns().contains(key)) keys.push_back(key);
  }
  return keys;
}

/// The strategy of a report that has one alone; empty otherwise. A score with item prior is not another strategy.
std::string only_strategy(const Json& report) {
  const Json& facts = report.at("facts");
  const Json strategies = facts.contains("variants") ? facts["variants"] : facts.value("strategies", Json::array());
  return strategies.size() == 1 ? strategies.front().get<std::string>() : std::string();
}

void add_row(Measures& measures, const std::string& prefix, const std::vector<std::string>& columns, const Json& row,
             const std::string& words) {
  for (const std::string& key : columns) {
    measures.add(fmt::format("{}{}.{}", prefix, words, key),
                 [cell = row.value(key, Json())] { return measure_of_cell(cell); });
  }
}

}  // namespace

Measures report_measures(std::string_view command, const Json& report) {
  Measures measures;
  const std::string strategy = only_strategy(report);
  for (const Json& table : report.at("tables")) {
    if (table.at("rows").empty()) continue;
    std::string id = table.at("id");
    if (id.starts_with(fmt::format("{}-", command))) id.erase(0, command.size() + 1);
    const std::string prefix = id == command ? std::string(command) : fmt::format("{}.{}", command, id);
    const std::vector<std::string> columns = measured_columns(table);
    const std::set<std::string> left_out = constant_columns(table);
    for (const Json& row : table.at("rows")) {
      add_row(measures, prefix, columns, row, words_of(table, row, left_out, strategy, /*by_role=*/false));
      if (!strategy.empty()) {
        add_row(measures, prefix, columns, row, words_of(table, row, left_out, strategy, /*by_role=*/true));
      }
    }
  }
  return measures;
}

}  // namespace coldframe
