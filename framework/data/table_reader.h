#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/data/delimited_reader.h"
#include "framework/data/mapping.h"

namespace coldframe {

/// The rows of one input file, reduced to the columns asked for, in the order asked for.
class TableReader {
 public:
  virtual ~TableReader() = default;
  /// False at the end. A malformed row has a `problem`; its fields are then of no use.
  virtual bool next(Record& row) = 0;
};

/// Opens a file of any format. Throws DataError for an empty file, or when a column is not there (listing what is), and
/// IoError when the file is missing. Columns are names, or numbers from 1 without a header.
std::unique_ptr<TableReader> open_table(const std::filesystem::path& path, const FileOptions& options,
                                        const std::vector<std::string>& columns);

/// The file itself, or the same name with .gz behind it. Throws IoError when there is neither.
std::filesystem::path find_input(const std::filesystem::path& folder, const std::string& file);

}  // namespace coldframe
