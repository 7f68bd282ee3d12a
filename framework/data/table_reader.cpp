#include "framework/data/table_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/data/cell_values.h"
#include "framework/data/json_lines_reader.h"

namespace coldframe {
namespace {

DelimitedFormat format_of(const FileOptions& options) {
  DelimitedFormat format;
  format.delimiter = options.delimiter_text();
  format.quote = options.quote == "double" ? '"' : (options.quote == "single" ? '\'' : '\0');
  format.encoding = options.encoding == "latin-1" ? TextEncoding::latin1 : TextEncoding::utf8;
  return format;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t k_most = 30;
  std::string text;
  for (std::size_t at = 0; at < std::min(names.size(), k_most); ++at) {
    text += fmt::format("{}'{}'", at == 0 ? "" : ", ", names[at].substr(0, 100));
  }
  return names.size() > k_most ? fmt::format("{} and {} more", text, names.size() - k_most) : text;
}

class HtmlFilter {
 public:
  explicit HtmlFilter(const std::string& mode) : unescape_(mode == "unescape"), strip_(mode == "strip") {}
  void apply(std::vector<std::string>& fields) const {
    if (!unescape_ && !strip_) return;
    for (std::string& field : fields) field = strip_ ? strip_html(field) : unescape_html(field);
  }

 private:
  bool unescape_;
  bool strip_;
};

class DelimitedTable final : public TableReader {
 public:
  DelimitedTable(const std::filesystem::path& path, const FileOptions& options, const std::vector<std::string>& columns)
      : path_(path), reader_(path, format_of(options)), html_(options.html) {
    if (!reader_.next(first_)) {
      throw DataError(fmt::format("{} is empty", path.string()), "it holds no record");
    }
    width_ = first_.fields.size();
    if (options.header == "none") {
      first_pending_ = true;
      for (const std::string& column : columns) indices_.push_back(numbered(column));
      return;
    }
    if (options.header == "typed") {
      for (std::string& name : first_.fields) name.erase(std::min(name.rfind(':'), name.size()));
    }
    for (const std::string& column : columns) indices_.push_back(named(column, options));
  }

  bool next(Record& row) override {
    if (first_pending_) {
      first_pending_ = false;
      raw_ = std::move(first_);
    } else if (!reader_.next(raw_)) {
      return false;
    }
    row.line = raw_.line;
    row.problem = std::move(raw_.problem);
    if (row.problem.empty() && raw_.fields.size() != width_) {
      row.problem = fmt::format("{} fields instead of {}", raw_.fields.size(), width_);
    }
    row.fields.clear();
    if (!row.problem.empty()) {
      row.fields = raw_.fields;
      return true;
    }
    for (const std::size_t index : indices_) row.fields.push_back(raw_.fields[index]);
    html_.apply(row.fields);
    return true;
  }

 private:
  std::size_t numbered(const std::string& column) const {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), number);
    if (error != std::errc{} || end != column.data() + column.size() || number == 0) {
      throw ConfigError(fmt::format("column '{}' of {}", column, path_.string()),
                        "without a header columns are numbers from 1", "write 1 for the first");
    }
    if (number > width_) {
      throw DataError(fmt::format("{}:{} has no column {}", path_.string(), first_.line, number),
                      fmt::format("it has {}: {}", width_, listed(first_.fields)),
                      "check the delimiter of the mapping");
    }
    return number - 1;
  }

  std::size_t named(const std::string& column, const FileOptions& options) const {
    const auto& names = first_.fields;
    const auto found = std::find(names.begin(), names.end(), column);
    if (found == names.end() && std::ranges::any_of(names, [](const std::string& name) { return name.find('\r') != name.npos; })) {
      throw DataError(fmt::format("{} ends its lines with a carriage return alone", path_.string()), {}, "convert them to LF");
    }
    if (found == names.end()) {
      throw DataError(fmt::format("{}:{} has no column '{}'", path_.string(), first_.line, column),
                      fmt::format("its columns are {}", listed(names)),
                      names.size() == 1 ? fmt::format("check the delimiter, '{}' in the mapping", options.delimiter)
                                        : suggest_name(column, names));
    }
    if (std::find(found + 1, names.end(), column) != names.end()) {
      throw DataError(fmt::format("{}:{} has the column '{}' twice", path_.string(), first_.line, column));
    }
    return static_cast<std::size_t>(found - names.begin());
  }

  std::filesystem::path path_;
  DelimitedReader reader_;
  HtmlFilter html_;
  Record first_, raw_;
  bool first_pending_ = false;
  std::size_t width_ = 0;
  std::vector<std::size_t> indices_;
};

class JsonTable final : public TableReader {
 public:
  JsonTable(const std::filesystem::path& path, const FileOptions& options, const std::vector<std::string>& columns)
      : path_(path), reader_(path, columns), html_(options.html) {}

  bool next(Record& row) override {
    if (reader_.next(row)) {
      ++rows_;
      html_.apply(row.fields);
      return true;
    }
    if (rows_ == 0) throw DataError(fmt::format("{} is empty", path_.string()), "it holds no record");
    if (const auto absent = reader_.keys_never_seen(); !absent.empty()) {
      throw DataError(fmt::format("no object of {} has the key '{}'", path_.string(), absent.front()), {},
                      "check the column names of the mapping");
    }
    return false;
  }

 private:
  std::filesystem::path path_;
  JsonLinesReader reader_;
  HtmlFilter html_;
  std::size_t rows_ = 0;
};

}  // namespace

std::unique_ptr<TableReader> open_table(const std::filesystem::path& path, const FileOptions& options,
                                        const std::vector<std::string>& columns) {
  if (options.format == "json-lines") return std::make_unique<JsonTable>(path, options, columns);
  return std::make_unique<DelimitedTable>(path, options, columns);
}

std::filesystem::path find_input(const std::filesystem::path& folder, const std::string& file) {
  const std::filesystem::path plain = folder / file;
  const std::filesystem::path compressed = folder / (file + ".gz");
  std::error_code ignored;
  if (std::filesystem::exists(plain, ignored)) return plain;
  if (std::filesystem::exists(compressed, ignored)) return compressed;
  throw IoError(fmt::format("there is no {}", plain.string()), fmt::format("nor {}", compressed.string()),
                "check --input and the mapping");
}

}  // namespace coldframe
