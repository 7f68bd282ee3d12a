#include "framework/cli/new_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/data/cell_values.h"

namespace coldframe {
namespace {

constexpr std::string_view k_history = "history";

std::vector<std::string> several(const EntityTable& users) {
  std::vector<std::string> names;
  for (const AttributeColumn& column : users.columns) {
    if (column.kind == AttributeKind::multi) names.push_back(column.name);
  }
  return names;
}

/// Columns that hold lists and are there: EntityRows wants no others.
std::vector<std::string> lists_in(const std::filesystem::path& path, const EntityTable& users) {
  const EntityRows header(path, {});
  std::vector<std::string> names = several(users);
  names.emplace_back(k_history);
  std::erase_if(names, [&](const std::string& name) { return !header.has(name); });
  return names;
}

void expect_known_columns(const EntityRows& rows, const EntityTable& users, const std::filesystem::path& path) {
  std::vector<std::string> known = {"id", std::string(k_history)};
  for (const AttributeColumn& column : users.columns) known.push_back(column.name);
  for (const std::string& name : rows.columns()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    throw DataError(fmt::format("{}: the column {} is no attribute of users", path.string(), name),
                    "what a user is known by is said by the data the run was trained on", suggest_name(name, known));
  }
}

double number_in(const std::string& cell, const std::string& column, const std::string& place) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::optional<double> number = parse_number(cell);
  if (!number)
    throw DataError(fmt::format("{}: {} = {}", place, column, cell), "must be a number",
                    "leave it empty if it is unknown");
  return *number;
}

}  // namespace

NewUserReader::NewUserReader(const std::filesystem::path& path, const Dataset& dataset)
    : dataset_(dataset), rows_(path, lists_in(path, dataset.users)) {
  expect_known_columns(rows_, dataset.users, path);
  for (std::uint32_t i = 0; i < dataset.items.size(); ++i) items_.emplace(dataset.items.ids[i], ItemId(i));
}

NewUsers NewUserReader::next(std::size_t most) {
  EntityTable read = rows_.next(most);
  NewUsers users;
  users.likes.resize(read.size());
  const AttributeColumn* history = read.find(k_history);
  for (std::size_t row = 0; row < read.size() && history != nullptr; ++row) {
    users.likes[row] = history_of(history->values[row], rows_.place(row));
  }
  for (const AttributeColumn& wanted : dataset_.users.columns) {
    AttributeColumn column;
    column.name = wanted.name;
    column.kind = wanted.kind;
    const AttributeColumn* given = read.find(wanted.name);
    for (std::size_t row = 0; row < read.size(); ++row) {
      if (wanted.kind == AttributeKind::multi) {
        column.values.push_back(given == nullptr ? std::vector<std::string>() : given->values[row]);
      } else if (wanted.kind == AttributeKind::number) {
        column.numbers.push_back(
            number_in(given == nullptr ? std::string() : given->texts[row], wanted.name, rows_.place(row)));
      } else {
        column.texts.push_back(given == nullptr ? std::string() : given->texts[row]);
      }
    }
    users.table.columns.push_back(std::move(column));
  }
  users.table.ids = std::move(read.ids);
  return users;
}

std::vector<ItemId> NewUserReader::history_of(const std::vector<std::string>& ids, const std::string& place) const {
  std::vector<ItemId> items;
  for (const std::string& id : ids) {
    const auto found = items_.find(id);
    if (found == items_.end()) {
      throw DataError(fmt::format("{}: history names the item {}", place, id),
                      fmt::format("{} has no such item", dataset_.meta.name), "separate ids by |");
    }
    if (std::ranges::find(items, found->second) != items.end()) {
      throw DataError(fmt::format("{}: history names the item {} twice", place, id), "a like counts once");
    }
    items.push_back(found->second);
  }
  return items;
}

}  // namespace coldframe
