#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"
#include "framework/data/attribute_builder.h"
#include "framework/data/cell_values.h"
#include "framework/data/table_import.h"

namespace coldframe::detail {
namespace {

class EntityRows {
 public:
  EntityRows(TableImport& import, const EntityOptions& options, const std::vector<AttributeMapping>& attributes)
      : import_(import), options_(options), columns_{options.id} {
    for (const std::string* column : {&options.available_from, &options.available_to}) {
      if (!column->empty()) columns_.push_back(*column);
    }
    for (const AttributeMapping& attribute : attributes) {
      builders_.emplace_back(attribute, options.input.missing);
      const auto& wanted = builders_.back().columns();
      columns_.insert(columns_.end(), wanted.begin(), wanted.end());
    }
  }

  const std::vector<std::string>& columns() const { return columns_; }

  std::string accept(const Record& record) {
    const std::string& id = record.fields.front();
    if (id.empty()) return "empty id";
    std::size_t cell = 1;
    std::int64_t from = Dataset::k_always, to = Dataset::k_forever;
    if (!options_.available_from.empty() && !read_time(record.fields[cell++], from)) return "unreadable available_from";
    if (!options_.available_to.empty() && !read_time(record.fields[cell++], to)) return "unreadable available_to";
    if (from >= to) return "available_from is not before available_to";
    const bool repeated = entities_.rows.count(id) > 0;
    if (repeated && !keep_repeated(record)) return {};
    const std::uint32_t row = entities_.row_of(id);
    if (!repeated) lines_.push_back(record.line);
    entities_.available_from.resize(entities_.table.size(), Dataset::k_always);
    entities_.available_to.resize(entities_.table.size(), Dataset::k_forever);
    entities_.available_from[row] = from;
    entities_.available_to[row] = to;
    for (AttributeBuilder& builder : builders_) {
      builder.set(row, &record.fields[cell]);
      cell += builder.columns().size();
    }
    return {};
  }

  EntityImport finish() && {
    const std::size_t size = entities_.table.ids.size();
    import_.report().rows_kept = size;
    for (AttributeBuilder& builder : builders_) {
      const std::size_t unreadable = builder.unreadable();
      const std::string example = builder.first_unreadable();
      const bool nothing_read = unreadable > 0 && builder.present() == 0;
      AttributeColumn column = std::move(builder).finish(size);
      if (nothing_read) {
        throw DataError(fmt::format("no value of the {} attribute {} could be read in {}",
                                    attribute_kind_name(column.kind), column.name, import_.report().file),
                        fmt::format("the first is '{}'", example), "check its column and kind in the mapping");
      }
      if (unreadable > 0) import_.report().unreadable_cells[column.name] = unreadable;
      entities_.table.columns.push_back(std::move(column));
    }
    return std::move(entities_);
  }

 private:
  bool read_time(const std::string& cell, std::int64_t& seconds) const {
    const auto& missing = options_.input.missing;
    if (cell.empty() || std::find(missing.begin(), missing.end(), cell) != missing.end()) return true;
    const auto read = parse_time(cell, time_unit_named(options_.available_unit));
    if (read) seconds = *read;
    return read.has_value();
  }

  // Whether a row with a known id replaces the earlier one.
  bool keep_repeated(const Record& record) {
    const std::string& id = record.fields.front();
    if (options_.repeated_ids == "error") {
      throw DataError(fmt::format("id '{}' is repeated in {}", id, import_.place(record.line)),
                      fmt::format("first in line {}", lines_[entities_.rows.at(id)]),
                      "remove one, or set repeated_ids in the mapping");
    }
    ++import_.report().dropped[fmt::format("repeated id ({})", options_.repeated_ids)];
    return options_.repeated_ids == "keep-last";
  }

  TableImport& import_;
  const EntityOptions& options_;
  std::vector<std::string> columns_;
  std::vector<AttributeBuilder> builders_;
  std::vector<std::size_t> lines_;  // where each row's id stood first
  EntityImport entities_;
};

}  // namespace

EntityImport import_entities(TableImport& import, const EntityOptions& options,
                             const std::vector<AttributeMapping>& attributes) {
  EntityRows rows(import, options, attributes);
  import.each_row(rows.columns(), [&](const Record& record) { return rows.accept(record);
});
return std::move(rows).finish();
}  // namespace coldframe::detail

}  // namespace coldframe::detail
