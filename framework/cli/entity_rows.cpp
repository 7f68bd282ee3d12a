#include "framework/cli/entity_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/data/cell_values.h"

namespace coldframe {
namespace {

constexpr std::string_view k_id = "id";

std::string table_ending(const std::filesystem::path& path) {
  return path.extension() == ".gz" ? path.stem().extension().string() : path.extension().string();
}

DelimitedFormat format_of(const std::filesystem::path& path) {
  return {.delimiter = table_ending(path) == ".tsv" ? "\t" : ","};
}

}  // namespace

bool is_table_name(const std::filesystem::path& path) {
  return table_ending(path) == ".csv" || table_ending(path) == ".tsv";
}

EntityRows::EntityRows(const std::filesystem::path& path, std::vector<std::string> multi)
    : path_(path), reader_(path, format_of(path)), multi_(std::move(multi)) {
  Record header;
  if (!reader_.next(header)) {
    throw DataError(fmt::format("{} is empty", path.string()), "the first line names the columns");
  }
  columns_ = header.fields;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (std::find(columns_.begin(), columns_.begin() + static_cast<std::ptrdiff_t>(c), columns_[c]) !=
        columns_.begin() + static_cast<std::ptrdiff_t>(c)) {
      throw DataError(fmt::format("{}:{} names the column {} twice", path.string(), header.line, columns_[c]),
                      "a column has one name");
    }
  }
  for (const std::string& name : multi_) {
    if (has(name)) continue;
    throw DataError(fmt::format("{} has no column {}", path.string(), name),
                    fmt::format("it has {}", fmt::join(columns_, ", ")), suggest_name(name, columns_));
  }
}

bool EntityRows::has(std::string_view column) const { return std::ranges::find(columns_, column) != columns_.end(); }

EntityTable EntityRows::next(std::size_t most) {
  EntityTable table;
  for (const std::string& name : columns_) {
    if (name == k_id) continue;
    AttributeColumn column;
    column.name = name;
    column.kind = std::ranges::find(multi_, name) == multi_.end() ? AttributeKind::category : AttributeKind::multi;
    table.columns.push_back(std::move(column));
  }
  lines_.clear();
  Record record;
  while (table.size() < most && reader_.next(record)) {
    if (record.problem.empty() && record.fields.size() != columns_.size()) {
      record.problem = fmt::format("{} cells, the header has {}", record.fields.size(), columns_.size());
    }
    if (!record.problem.empty()) {
      throw DataError(fmt::format("malformed row at {}:{}", path_.string(), record.line), record.problem);
    }
    ++rows_;
    lines_.push_back(record.line);
    add(table, record);
  }
  return table;
}

void EntityRows::add(EntityTable& table, const Record& record) const {
  std::string id = fmt::format("{}", rows_);
  auto column = table.columns.begin();
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::string& cell = record.fields[c];
    if (columns_[c] == k_id) {
      id = cell;
    } else if (column->kind == AttributeKind::multi) {
      (column++)->values.push_back(split_values(cell, "|"));
    } else {
      (column++)->texts.push_back(cell);
    }
  }
  table.ids.push_back(std::move(id));
}

std::string EntityRows::place(std::size_t row) const { return fmt::format("{}:{}", path_.string(), lines_.at(row)); }

}  // namespace coldframe
