#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/text_source.h"

namespace coldframe {

struct DelimitedFormat {
  std::string delimiter = ",";  // one or several characters
  char quote = '"';             // 0: quotes have no meaning
  TextEncoding encoding = TextEncoding::utf8;
  std::size_t longest_record = std::size_t{64} << 20;  // bytes; what an unclosed quote may swallow
};

/// One record of a table file.
struct Record {
  std::size_t line = 0;  // 1-based line where it begins
  std::vector<std::string> fields;
  std::string problem;  // not empty: malformed, and why
};

/// Reads the records of a CSV or TSV file as RFC 4180 has it: quoted fields hold delimiters, line breaks and doubled
/// quotes; lines end in LF or CRLF; empty lines are no records. A quote inside an unquoted field is an ordinary
/// character. Memory: one record and one piece of the file. Throws DataError with file and line for invalid UTF-8, zero
/// bytes, an unclosed quote and a record above the limit; what concerns one record only is its `problem`.
class DelimitedReader {
 public:
  DelimitedReader(const std::filesystem::path& path, DelimitedFormat format = {});

  /// False at the end of the file.
  bool next(Record& record);

 private:
  enum class End { field, record };
  bool ensure(std::size_t bytes);
  bool at_delimiter();
  bool skip_line_end();
  End read_field(Record& record);
  void read_quoted(std::string& field, const Record& record);
  End read_unquoted(std::string& field, const Record& record);
  void count_bytes(std::size_t bytes, const Record& record);

  TextSource source_;
  DelimitedFormat format_;
  std::string window_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_bytes_ = 0;
  bool ended_ = false;
};

/// Throws DataError naming file and line when the text is not UTF-8 or holds a zero byte. Line breaks inside are
/// counted.
void check_utf8_text(std::string_view text, const std::filesystem::path& path, std::size_t first_line);

}  // namespace coldframe
