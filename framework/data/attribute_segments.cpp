#include "framework/data/attribute_segments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

const AttributeColumn& require_column(const EntityTable& table, const std::string& attribute,
                                      const std::string& table_name) {
  std::vector<std::string> known;
  for (const AttributeColumn& column : table.columns) {
    if (column.kind != AttributeKind::text) known.push_back(column.name);
  }
  const AttributeColumn* column = table.find(attribute);
  if (column == nullptr || column->kind == AttributeKind::text) {
    throw ConfigError(fmt::format("continual.attribute = {}", attribute),
                      column == nullptr ? fmt::format("{} have no such attribute", table_name)
                                        : "it is free text, which makes no segments",
                      known.empty() ? fmt::format("{} have no attribute that makes segments", table_name)
                                    : fmt::format("they have {}", fmt::join(known, ", ")));
  }
  return *column;
}

std::vector<std::string> values_of(const AttributeColumn& column, std::size_t row) {
  if (column.missing(row)) return {};
  if (column.kind == AttributeKind::multi) return column.values[row];
  return {column.texts[row]};
}

/// The most frequent values, ties by name.
std::vector<std::string> frequent_values(const std::map<std::string, std::size_t>& counts, std::size_t most) {
  std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater<>{}, &std::pair<std::string, std::size_t>::second);
  if (most > 0 && sorted.size() > most) sorted.resize(most);
  std::vector<std::string> values;
  for (const auto& [value, count] : sorted) values.push_back(value);
  return values;
}

AttributeSegments by_value(const AttributeColumn& column, std::size_t count, const std::vector<std::string>& order) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t row = 0; row < column.size(); ++row) {
    for (const std::string& value : values_of(column, row)) ++counts[value];
  }
  std::vector<std::string> known;
  for (const auto& [value, rows] : counts) known.push_back(value);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!counts.contains(order[i])) {
      throw ConfigError(fmt::format("continual.order names {}", order[i]),
                        fmt::format("no {} has this value", column.name), suggest_name(order[i], known));
    }
    if (std::find(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i), order[i]) !=
        order.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw ConfigError(fmt::format("continual.order names {} twice", order[i]), "a task is trained once",
                        "name it once");
    }
  }
  AttributeSegments segments{order.empty() ? frequent_values(counts, count) : order, {}};
  for (std::size_t row = 0; row < column.size(); ++row) {
    std::size_t first = AttributeSegments::none;
    for (const std::string& value : values_of(column, row)) {
      const auto found = std::ranges::find(segments.names, value);
      if (found != segments.names.end())
        first = std::min(first, static_cast<std::size_t>(found - segments.names.begin()));
    }
    segments.of_row.push_back(first);
  }
  return segments;
}

/// Bands are cut between different values only.
AttributeSegments by_band(const AttributeColumn& column, std::size_t count) {
  std::vector<double> sorted;
  for (const double number : column.numbers) {
    if (!std::isnan(number)) sorted.push_back(number);
  }
  std::ranges::sort(sorted);
  std::vector<double> cuts;  // the lowest value of every band but the first
  for (std::size_t band = 1; band < count && !sorted.empty(); ++band) {
    const double cut = sorted[band * sorted.size() / count];
    if (cut > (cuts.empty() ? sorted.front() : cuts.back())) cuts.push_back(cut);
  }
  AttributeSegments segments;
  for (std::size_t band = 0; band <= cuts.size() && !sorted.empty(); ++band) {
    const double low = band == 0 ? sorted.front() : cuts[band - 1];
    const double high = band == cuts.size() ? sorted.back() : *std::prev(std::ranges::lower_bound(sorted, cuts[band]));
    segments.names.push_back(fmt::format("{} to {}", low, high));
  }
  for (const double number : column.numbers) {
    const auto above = std::ranges::upper_bound(cuts, number);
    segments.of_row.push_back(std::isnan(number) ? AttributeSegments::none
                                                 : static_cast<std::size_t>(above - cuts.begin()));
  }
  return segments;
}

}  // namespace

AttributeSegments attribute_segments(const EntityTable& table, const std::string& attribute, std::size_t count,
                                     const std::vector<std::string>& order, const std::string& table_name) {
  const AttributeColumn& column = require_column(table, attribute, table_name);
  const bool numbers = column.kind == AttributeKind::number;
  if (numbers && !order.empty()) {
    throw ConfigError("continual.order", fmt::format("{} is a number: its bands come in ascending order", attribute),
                      "leave it empty");
  }
  if (numbers && count < 2) {
    throw ConfigError(fmt::format("continual.tasks = {}", count),
                      fmt::format("{} is a number and has to be cut into bands", attribute), "try 4");
  }
  AttributeSegments segments = numbers ? by_band(column, count) : by_value(column, count, order);
  if (segments.names.size() < 2) {
    throw ConfigError(fmt::format("continual.attribute = {}", attribute),
                      fmt::format("it makes {} segments of the {}", segments.names.size(), table_name),
                      "take another attribute, or another stream");
  }
  return segments;
}

}  // namespace coldframe
