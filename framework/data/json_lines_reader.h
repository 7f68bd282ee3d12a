#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/data/delimited_reader.h"
#include "framework/data/text_source.h"

namespace coldframe {

/// Reads a file with one JSON object per line; the fields of a record are the values of the given keys, as text.
/// Missing keys, nulls and objects are empty; the elements of an array are joined by k_list_separator, empty ones left
/// out. A line that is no JSON object is a malformed record; invalid UTF-8 and lines above the limit are a DataError.
class JsonLinesReader {
 public:
  JsonLinesReader(const std::filesystem::path& path, std::vector<std::string> keys,
                  std::size_t longest_line = std::size_t{64} << 20);

  bool next(Record& record);
  /// Keys asked for that no object read so far has.
  std::vector<std::string> keys_never_seen() const;

 private:
  bool read_line(std::string& line);
  TextSource source_;
  std::vector<std::string> keys_;
  std::vector<bool> seen_;
  std::size_t longest_line_;
  std::string window_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
};

}  // namespace coldframe
