#include "framework/simulation/detail/item_table_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

constexpr AttributeKind k_kinds[] = {AttributeKind::category, AttributeKind::number, AttributeKind::text,
                                     AttributeKind::multi};

/// Several values per row: all of them, and how many each row has.
void write_several(Hdf5File& file, const std::string& at, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::string> values;
  std::vector<std::uint64_t> counts;
  for (const std::vector<std::string>& row : rows) {
    values.insert(values.end(), row.begin(), row.end());
    counts.push_back(row.size());
  }
  file.write_strings(at + "/values", values);
  file.write(at + "/counts", counts);
}

[[noreturn]] void damaged(const Hdf5File& file) {
  throw DataError(fmt::format("{} is damaged", file.path().string()), "its synthetic items do not fit together",
                  "write the population again");
}

std::vector<std::vector<std::string>> read_several(const Hdf5File& file, const std::string& at) {
  const std::vector<std::string> values = file.read_strings(at + "/values");
  std::vector<std::vector<std::string>> rows;
  std::size_t next = 0;
  for (const std::uint64_t count : file.read<std::uint64_t>(at + "/counts")) {
    if (count > values.size() - next) damaged(file);
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(next);
    rows.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
    next += count;
  }
  return rows;
}

AttributeKind kind_of(const Hdf5File& file, const std::string& name) {
  for (const AttributeKind kind : k_kinds) {
    if (attribute_kind_name(kind) == name) return kind;
  }
  damaged(file);
}

}  // namespace

void write_item_table(Hdf5File& file, std::string_view group, const EntityTable& items) {
  file.write_strings(fmt::format("{}/id", group), items.ids);
  std::vector<std::string> names;
  for (std::size_t c = 0; c < items.columns.size(); ++c) {
    const AttributeColumn& column = items.columns[c];
    const std::string at = fmt::format("{}/columns/{}", group, c);
    names.push_back(column.name);
    file.make_group(at);
    file.write_attribute(at, "kind", attribute_kind_name(column.kind));
    if (column.kind == AttributeKind::multi) {
      write_several(file, at, column.values);
    } else if (column.kind == AttributeKind::number) {
      file.write(at + "/numbers", column.numbers);
    } else {
      file.write_strings(at + "/texts", column.texts);
    }
  }
  file.write_strings(fmt::format("{}/column_names", group), names);
}

EntityTable read_item_table(const Hdf5File& file, std::string_view group) {
  EntityTable items;
  items.ids = file.read_strings(fmt::format("{}/id", group));
  for (const std::string& name : file.read_strings(fmt::format("{}/column_names", group))) {
    const std::string at = fmt::format("{}/columns/{}", group, items.columns.size());
    AttributeColumn column;
    column.name = name;
    column.kind = kind_of(file, file.read_text(at, "kind"));
    if (column.kind == AttributeKind::multi) {
      column.values = read_several(file, at);
    } else if (column.kind == AttributeKind::number) {
      column.numbers = file.read<double>(at + "/numbers");
    } else {
      column.texts = file.read_strings(at + "/texts");
    }
    if (column.size() != items.size()) damaged(file);
    items.columns.push_back(std::move(column));
  }
  return items;
}

}  // namespace coldframe::detail
