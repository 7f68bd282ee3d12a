#include "framework/data/mapping_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "framework/core/error.h"
#include "framework/data/cell_values.h"
#include "framework/data/dataset_store.h"
#include "framework/data/impression_import.h"
#include "framework/data/table_import.h"

namespace coldframe {
namespace {

using detail::EntityImport;
using detail::TableImport;

constexpr std::string_view k_importer = "coldframe mapping importer 1";

class InteractionRows {
 public:
  InteractionRows(TableImport& import, const InteractionOptions& options, EntityImport& users, EntityImport& items)
      : import_(import), options_(options), users_(users), items_(items), columns_{options.user, options.item} {
    if (!options.rating.empty()) columns_.push_back(options.rating);
    if (!options.timestamp.empty()) columns_.push_back(options.timestamp);
  }

  const std::vector<std::string>& columns() const { return columns_; }

  std::string accept(const Record& record) {
    if (record.fields[0].empty()) return "empty user id";
    if (record.fields[1].empty()) return "empty item id";
    std::size_t cell = 2;
    float rating = 0;
    std::int64_t time = 0;
    if (!options_.rating.empty()) {
      const auto read = number_in(record.fields[cell++]);
      if (!read || !std::isfinite(static_cast<float>(*read))) return "unreadable rating";
      rating = static_cast<float>(*read);
    }
    if (!options_.timestamp.empty()) {
      const auto read = parse_time(record.fields[cell], time_unit_named(options_.timestamp_unit));
      if (!read) return fmt::format("timestamp is not a time in {}", options_.timestamp_unit);
      time = *read;
    }
    const bool user = allows(users_, record.fields[0], options_.unknown_users, "user", record.line);
    const bool item = allows(items_, record.fields[1], options_.unknown_items, "item", record.line);
    if (!user || !item) {
      ++import_.report().dropped[user ? "item not in the item table" : "user not in the user table"];
      return {};
    }
    all_.user.push_back(UserId(users_.row_of(record.fields[0])));
    all_.item.push_back(ItemId(items_.row_of(record.fields[1])));
    if (!options_.rating.empty()) all_.rating.push_back(rating);
    if (!options_.timestamp.empty()) all_.timestamp.push_back(time);
    return {};
  }

  /// The interactions with the last of each set of duplicates.
  Interactions finish() && {
    std::vector<std::size_t> order(all_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto key = [&](std::size_t row) {
      return std::tuple(all_.user[row], all_.item[row], all_.timed() ? all_.timestamp[row] : 0);
    };
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return key(a) != key(b) ? key(a) < key(b) : a < b; });
    Interactions kept;
    for (std::size_t at = 0; at < order.size(); ++at) {
      if (at + 1 < order.size() && key(order[at]) == key(order[at + 1])) continue;
      const std::size_t row = order[at];
      kept.user.push_back(all_.user[row]);
      kept.item.push_back(all_.item[row]);
      if (!all_.implicit()) kept.rating.push_back(all_.rating[row]);
      if (all_.timed()) kept.timestamp.push_back(all_.timestamp[row]);
    }
    if (const std::size_t duplicates = all_.size() - kept.size(); duplicates > 0) {
      import_.report().dropped["duplicate of a later row"] = duplicates;
    }
    import_.report().rows_kept = kept.size();
    if (kept.size() == 0) {
      throw DataError(fmt::format("no interaction of {} is left", import_.report().file),
                      "all were malformed or dropped", "check unknown_users, unknown_items and the ids");
    }
    return kept;
  }

 private:
  std::optional<double> number_in(const std::string& cell) const {
    const auto& missing = options_.input.missing;
    if (std::find(missing.begin(), missing.end(), cell) != missing.end()) return std::nullopt;
    return parse_number(cell);
  }

  // Whether the interaction can stand, given what the mapping says about ids without a row.
  bool allows(const EntityImport& entities, const std::string& id, const std::string& unknown, std::string_view what,
              std::size_t line) const {
    if (unknown == "create" || entities.rows.count(id) > 0) return true;
    if (unknown == "drop") return false;
    throw DataError(fmt::format("{} '{}' in {} is not in the {} table", what, id, import_.place(line), what),
                    fmt::format("unknown_{}s = error", what), "set it to create or drop in the mapping");
  }

  TableImport& import_;
  const InteractionOptions& options_;
  EntityImport& users_;
  EntityImport& items_;
  std::vector<std::string> columns_;
  Interactions all_;
};

EntityImport import_table(const Mapping& mapping, const EntityOptions& options, std::string name,
                          const std::vector<AttributeMapping>& attributes, const std::filesystem::path& folder,
                          ImportReport& report) {
  if (options.input.file.empty()) return {};
  TableImport import(mapping, std::move(name), options.input, folder);
  EntityImport entities = detail::import_entities(import, options, attributes);
  report.tables.push_back(import.report());
  return entities;
}

Interactions import_interactions(const Mapping& mapping, const std::filesystem::path& folder, EntityImport& users,
                                 EntityImport& items, ImportReport& report) {
  TableImport import(mapping, "interactions", mapping.interactions.input, folder);
  InteractionRows rows(import, mapping.interactions, users, items);
  import.each_row(rows.columns(), [&](const Record& record) { return rows.accept(record);
});
Interactions kept = std::move(rows).finish();
report.tables.insert(report.tables.begin(), import.report());
return kept;
}  // namespace

void describe(const Mapping& mapping, const Dataset& dataset, ImportReport& report) {
  report.dataset = mapping.source.name;
  report.licence = mapping.source.licence;
  report.users = dataset.users.size();
  report.items = dataset.items.size();
  report.interactions = dataset.interactions.size();
  report.implicit = dataset.interactions.implicit();
  report.timed = dataset.interactions.timed();
  report.content_sha256 = content_checksum(dataset);
}

}  // namespace coldframe

ImportResult import_tables(const Mapping& mapping, const std::filesystem::path& folder) {
  ImportResult result;
  auto& [dataset, report, impressions] = result;
  EntityImport users = import_table(mapping, mapping.users, "users", mapping.user_attributes, folder, report);
  EntityImport items = import_table(mapping, mapping.items, "items", mapping.item_attributes, folder, report);
  const std::size_t known_users = users.table.size(), known_items = items.table.size();
  if (!mapping.interactions.input.file.empty()) {
    dataset.interactions = import_interactions(mapping, folder, users, items, report);
  }
  if (!mapping.impressions.input.file.empty()) {
    TableImport import(mapping, "impressions", mapping.impressions.input, folder);
    impressions = detail::import_impressions(import, mapping, users, items);
    report.tables.push_back(import.report());
    if (mapping.interactions.input.file.empty()) {
      dataset.interactions = detail::clicks_of(*impressions, !mapping.impressions.timestamp.empty());
    }
  }
  report.users_created = mapping.users.input.file.empty() ? 0 : users.table.size() - known_users;
  report.items_created = mapping.items.input.file.empty() ? 0 : items.table.size() - known_items;
  users.complete();
  items.complete();
  dataset.users = std::move(users.table);
  dataset.items = std::move(items.table);
  dataset.item_available_from = std::move(items.available_from);
  dataset.item_available_to = std::move(items.available_to);
  dataset.meta = {mapping.source.name, mapping.source.licence, std::string(k_importer), {}};
  for (const TableReport& table : report.tables) dataset.meta.source_checksums.emplace_back(table.file, table.sha256);
  sort_interactions(dataset);
  describe(mapping, dataset, report);
  return result;
}

ImportReport import_dataset(const Mapping& mapping, const std::filesystem::path& folder,
                            const std::filesystem::path& output) {
  ImportResult result = import_tables(mapping, folder);
  write_dataset(output, result.dataset, result.impressions ? &*result.impressions : nullptr);
  return std::move(result.report);
}

}  // namespace coldframe
