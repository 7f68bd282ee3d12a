#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/delimited_reader.h"

namespace coldframe {

/// The rows of a CSV or TSV file with a header (told apart by its name), a piece at a time. Column `id` gives the ids;
/// without it rows are numbered from 1. Cells are kept as they are written; an empty one is a missing value.
/// Throws DataError naming file and line for an empty file, a column named twice, a row with too few or too many cells,
/// and what DelimitedReader finds.
class EntityRows {
 public:
  /// Columns of which each cell holds several values, separated by "|", become AttributeKind::multi; DataError when one
  /// of them is not there.
  EntityRows(const std::filesystem::path& path, std::vector<std::string> multi);

  const std::vector<std::string>& columns() const { return columns_; }
  bool has(std::string_view column) const;
  /// The next rows, at most `most`; an empty table at the end.
  EntityTable next(std::size_t most);
  /// "FILE:LINE" of a row of the table that next() returned last.
  std::string place(std::size_t row) const;

 private:
  void add(EntityTable& table, const Record& record) const;

  std::filesystem::path path_;
  DelimitedReader reader_;
  std::vector<std::string> multi_;
  std::vector<std::string> columns_;
  std::size_t rows_ = 0;
  std::vector<std::size_t> lines_;
};

/// Whether the name is that of a CSV or TSV file, gzip or not.
bool is_table_name(const std::filesystem::path& path);

}  // namespace coldframe
