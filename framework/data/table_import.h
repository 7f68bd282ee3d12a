#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "framework/data/import_report.h"
#include "framework/data/mapping.h"
#include "framework/data/table_reader.h"

namespace coldframe::detail {

/// One input file on its way in: runs its rows through a function, counts what is wrong with them and keeps within the
/// mapping's bound.
class TableImport {
 public:
  TableImport(const Mapping& mapping, std::string table, const FileOptions& options,
              const std::filesystem::path& folder);

  /// `accept` takes a well-formed row and returns why it is malformed after all; empty: fine.
  /// Throws DataError for a file without rows and for more malformed rows than the mapping allows.
  void each_row(const std::vector<std::string>& columns, const std::function<std::string(const Record&)>& accept);

  /// "ratings.csv:17"
  std::string place(std::size_t line) const;
  TableReport& report() { return report_; }

 private:
  void count_malformed(const Record& row, const std::string& reason);
  void check_share() const;
  const Mapping& mapping_;
  const FileOptions& options_;
  std::filesystem::path path_;
  TableReport report_;
};

/// A table of users or items under construction, with the row of every id.
struct EntityImport {
  EntityTable table;
  std::unordered_map<std::string, std::uint32_t> rows;
  std::vector<std::int64_t> available_from;
  std::vector<std::int64_t> available_to;

  /// The row of an id, made when there is none.
  std::uint32_t row_of(const std::string& id);
  /// Gives rows made later their missing values.
  void complete();
};

/// Reads `[users]` or `[items]` with its attributes. A repeated id is fatal unless the mapping says which row to keep.
EntityImport import_entities(TableImport& import, const EntityOptions& options,
                             const std::vector<AttributeMapping>& attributes);

}  // namespace coldframe::detail
