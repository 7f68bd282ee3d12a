#include "framework/data/delimited_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/utf8.h"

namespace coldframe {

DelimitedReader::DelimitedReader(const std::filesystem::path& path, DelimitedFormat format)
    : source_(path, format.encoding), format_(std::move(format)) {
  CF_EXPECTS(!format_.delimiter.empty());
}

bool DelimitedReader::ensure(std::size_t bytes) {
  while (window_.size() - at_ < bytes && !ended_) {
    window_.erase(0, at_);
    at_ = 0;
    ended_ = !source_.read(window_);
  }
  return window_.size() - at_ >= bytes;
}

bool DelimitedReader::at_delimiter() {
  const std::string& delimiter = format_.delimiter;
  return ensure(delimiter.size()) && window_.compare(at_, delimiter.size(), delimiter) == 0;
}

bool DelimitedReader::skip_line_end() {
  if (!ensure(1)) return true;
  std::size_t length = 0;
  if (window_[at_] == '\n') {
    length = 1;
  } else if (window_[at_] == '\r' && (!ensure(2) || window_[at_ + 1] == '\n')) {
    length = ensure(2) ? 2 : 1;
  }
  at_ += length;
  if (length > 0) ++line_;
  return length > 0;
}

bool DelimitedReader::next(Record& record) {
  while (ensure(1) && skip_line_end()) {
  }
  record.fields.clear();
  record.problem.clear();
  record.line = line_;
  record_bytes_ = 0;
  if (!ensure(1)) return false;
  while (read_field(record) == End::field) {
  }
  return true;
}

DelimitedReader::End DelimitedReader::read_field(Record& record) {
  const std::size_t line = line_;
  std::string field;
  End end = End::record;
  if (format_.quote != 0 && ensure(1) && window_[at_] == format_.quote) {
    ++at_;
    read_quoted(field, record);
    const std::size_t closed = field.size();
    end = read_unquoted(field, record);
    if (field.size() != closed) record.problem = "text after a closing quote";
  } else {
    end = read_unquoted(field, record);
  }
  check_utf8_text(field, source_.path(), line);
  record.fields.push_back(std::move(field));
  return end;
}

void DelimitedReader::read_quoted(std::string& field, const Record& record) {
  while (ensure(1)) {
    const std::size_t quote = window_.find(format_.quote, at_);
    const std::size_t stop = std::min(quote, window_.size());
    line_ += static_cast<std::size_t>(std::count(window_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                 window_.begin() + static_cast<std::ptrdiff_t>(stop), '\n'));
    count_bytes(stop - at_, record);
    field.append(window_, at_, stop - at_);
    at_ = stop;
    if (quote == std::string::npos) continue;
    if (!ensure(2) || window_[at_ + 1] != format_.quote) {
      ++at_;
      return;
    }
    field.push_back(format_.quote);
    at_ += 2;
  }
  throw DataError(fmt::format("{}:{} opens a quote that is never closed", source_.path().string(), record.line),
                  "the file ends inside it", "check the quote character of the mapping");
}

DelimitedReader::End DelimitedReader::read_unquoted(std::string& field, const Record& record) {
  const char stops[] = {'\n', '\r', format_.delimiter.front()};
  while (ensure(1)) {
    const std::size_t stop = std::min(window_.find_first_of(std::string_view(stops, 3), at_), window_.size());
    count_bytes(stop - at_, record);
    field.append(window_, at_, stop - at_);
    at_ = stop;
    if (!ensure(1)) break;
    if (at_delimiter()) {
      at_ += format_.delimiter.size();
      count_bytes(format_.delimiter.size(), record);
      return End::field;
    }
    if (skip_line_end()) return End::record;
    field.push_back(window_[at_++]);
  }
  return End::record;
}

void DelimitedReader::count_bytes(std::size_t bytes, const Record& record) {
  record_bytes_ += bytes;
  if (record_bytes_ > format_.longest_record) {
    throw DataError(fmt::format("the record at {}:{} is longer than {} bytes", source_.path().string(), record.line,
                                format_.longest_record),
                    "an unclosed quote?", "check the quote character and the delimiter of the mapping");
  }
}

void check_utf8_text(std::string_view text, const std::filesystem::path& path, std::size_t first_line) {
  const auto line_of = [&](std::size_t at) {
    return first_line +
           static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  };
  if (const auto bad = find_invalid_utf8(text)) {
    throw DataError(fmt::format("invalid UTF-8 in {}:{}", path.string(), line_of(*bad)),
                    fmt::format("byte 0x{:02X}", static_cast<unsigned char>(text[*bad])),
                    "write it as UTF-8, or state encoding = latin-1 in its mapping if that is what it is");
  }
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    throw DataError(fmt::format("a zero byte in {}:{}", path.string(), line_of(zero)), "this is not a text file");
  }
}

}  // namespace coldframe
