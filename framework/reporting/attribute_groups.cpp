#include "framework/reporting/attribute_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(by, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

const AttributeColumn& column_of(const EntityTable& table, std::string_view name, std::string_view rule) {
  if (const AttributeColumn* column = table.find(name)) return *column;
  std::vector<std::string> names;
  for (const AttributeColumn& column : table.columns) names.push_back(column.name);
  throw ConfigError(fmt::format("group {}", rule), fmt::format("there is no attribute \"{}\"", name),
                    suggest_name(name, names));
}

std::vector<double> bounds_of(std::span<const std::string> parts, std::string_view rule) {
  std::vector<double> bounds;
  for (const std::string& part : parts) {
    double bound = 0.0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), bound);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(bound)) {
      throw ConfigError(fmt::format("group {}", rule), fmt::format("\"{}\" is no bound", part), "write age:25:45");
    }
    if (!bounds.empty() && bound <= bounds.back()) {
      throw ConfigError(fmt::format("group {}", rule), "its bounds do not ascend", "write age:25:45");
    }
    bounds.push_back(bound);
  }
  return bounds;
}

std::string band(std::string_view name, std::span<const double> bounds, double value) {
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(bounds, value) - bounds.begin());
  if (above == 0) return fmt::format("{} below {}", name, bounds.front());
  if (above == bounds.size()) return fmt::format("{} from {}", name, bounds.back());
  return fmt::format("{} from {} to {}", name, bounds[above - 1], bounds[above]);
}

Groups single(const EntityTable& users, std::string_view rule, std::span<const UserId> members) {
  const std::vector<std::string> parts = split(rule, ':');
  const AttributeColumn& column = column_of(users, parts.front(), rule);
  const std::vector<double> bounds = bounds_of(std::span(parts).subspan(1), rule);
  if (column.kind == AttributeKind::number && bounds.empty()) {
    throw ConfigError(fmt::format("group {}", rule), fmt::format("{} is a number", column.name),
                      fmt::format("give the bounds between groups: {}:25:45", column.name));
  }
  if (column.kind != AttributeKind::number && !bounds.empty()) {
    throw ConfigError(fmt::format("group {}", rule), fmt::format("{} is no number, so it has no bounds", column.name),
                      fmt::format("write {}", column.name));
  }
  std::vector<std::string> labels;
  for (const UserId user : members) {
    if (column.missing(user.value())) {
      labels.emplace_back();
    } else if (column.kind == AttributeKind::number) {
      labels.push_back(band(column.name, bounds, column.numbers[user.value()]));
    } else {
      labels.push_back(column.cell(user.value()));
    }
  }
  return Groups(std::string(rule), labels);
}

/// Ascending values that part a column into parts of about equal size; empty when it has one value.
std::vector<double> even_bounds(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {};
  std::ranges::sort(values);
  for (const std::size_t parts : {3, 2}) {
    std::vector<double> bounds;
    for (std::size_t part = 1; part < parts; ++part) bounds.push_back(values[part * values.size() / parts]);
    const bool ascend = std::ranges::adjacent_find(bounds, std::greater_equal<>{}) == bounds.end();
    if (ascend && bounds.front() > values.front()) return bounds;
  }
  return {};
}

}  // namespace

Groups attribute_groups(const EntityTable& users, std::string_view rule, std::span<const UserId> members) {
  const std::vector<std::string> factors = split(rule, '*');
  Groups groups = single(users, factors.front(), members);
  for (const std::string& factor : std::span(factors).subspan(1)) {
    groups = Groups::crossed(groups, single(users, factor, members));
  }
  return groups;
}

std::vector<std::string> standard_group_rules(const EntityTable& users, std::size_t rows) {
  constexpr std::size_t most_values = 30;
  std::vector<std::string> rules;
  for (const AttributeColumn& column : users.columns) {
    if (column.name.find_first_of(":*") != std::string::npos) continue;  // no rule can name it
    if (column.kind == AttributeKind::category) {
      std::set<std::string> values(column.texts.begin(), column.texts.begin() + static_cast<std::ptrdiff_t>(rows));
      values.erase("");
      if (values.size() >= 2 && values.size() <= most_values) rules.push_back(column.name);
    } else if (column.kind == AttributeKind::number) {
      const auto end = column.numbers.begin() + static_cast<std::ptrdiff_t>(rows);
      const std::vector<double> bounds = even_bounds({column.numbers.begin(), end});
      if (bounds.empty()) continue;
      rules.push_back(fmt::format("{}:{}", column.name, fmt::join(bounds, ":")));
    }
  }
  return rules;
}

ItemGroups item_attribute_groups(const EntityTable& items, std::string_view name) {
  const AttributeColumn& column = column_of(items, name, name);
  if (column.kind == AttributeKind::number) {
    throw ConfigError(fmt::format("item group {}", name), "it is a number", "give a column of categories");
  }
  std::vector<std::vector<std::string>> labels(items.size());
  for (std::size_t row = 0; row < items.size(); ++row) {
    if (column.missing(row)) continue;
    labels[row] = column.kind == AttributeKind::multi ? column.values[row] : std::vector{column.texts[row]};
  }
  return ItemGroups::make(std::string(name), labels);
}

}  // namespace coldframe
