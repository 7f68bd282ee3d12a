#include "framework/data/table_import.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"

namespace coldframe::detail {
namespace {

std::string shown(const Record& row) {
  constexpr std::size_t k_most = 80;
  std::string text = fmt::format("{}", fmt::join(row.fields, " | "));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (text.size() <= k_most) return text;
  std::size_t end = k_most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

TableImport::TableImport(const Mapping& mapping, std::string table, const FileOptions& options,
                         const std::filesystem::path& folder)
    : mapping_(mapping), options_(options), path_(find_input(folder, options.file)) {
  report_.table = std::move(table);
  report_.file = path_.filename().string();
  report_.sha256 = sha256_file(path_);
  if (const auto known = mapping.published_sha256.find(report_.file); known != mapping.published_sha256.end()) {
    report_.provenance = known->second == report_.sha256 ? "as published" : "NOT the published file";
  }
}

std::string TableImport::place(std::size_t line) const { return fmt::format("{}:{}", path_.string(), line); }

void TableImport::each_row(const std::vector<std::string>& columns,
                           const std::function<std::string(const Record&)>& accept) {
  const auto reader = open_table(path_, options_, columns);
  Record row;
  while (reader->next(row)) {
    ++report_.rows_read;
    const std::string reason = row.problem.empty() ? accept(row) : row.problem;
    if (!reason.empty()) count_malformed(row, reason);
  }
  if (report_.rows_read == 0) throw DataError(fmt::format("{} has a header but no rows", path_.string()));
  check_share();
}

void TableImport::count_malformed(const Record& row, const std::string& reason) {
  TableReport::Dropped& entry = report_.malformed[reason];
  ++entry.count;
  if (entry.first.size() < static_cast<std::size_t>(mapping_.source.shown_rows)) {
    entry.first.push_back(fmt::format("{}:{} `{}`", report_.file, row.line, shown(row)));
  }
}

void TableImport::check_share() const {
  const std::size_t malformed = report_.malformed_rows();
  const auto allowed = mapping_.source.max_malformed_share * static_cast<double>(report_.rows_read);
  if (static_cast<double>(malformed) <= allowed) return;
  std::string details;
  for (const auto& [reason, entry] : report_.malformed) {
    details += fmt::format("\n  {} x {}", entry.count, reason);
    for (const std::string& example : entry.first) details += fmt::format("\n    {}", example);
  }
  throw DataError(fmt::format("{} of {} rows of {} are malformed", malformed, report_.rows_read, path_.string()),
                  fmt::format("source.max_malformed_share = {} allows {:.0f}", mapping_.source.max_malformed_share,
                              std::floor(allowed)),
                  "check the mapping or the file:" + details);
}

std::uint32_t EntityImport::row_of(const std::string& id) {
  const auto [found, is_new] = rows.try_emplace(id, static_cast<std::uint32_t>(table.ids.size()));
  if (is_new) table.ids.push_back(id);
  return found->second;
}

void EntityImport::complete() {
  const std::size_t size = table.ids.size();
  available_from.resize(size, Dataset::k_always);
  available_to.resize(size, Dataset::k_forever);
  for (AttributeColumn& column : table.columns) {
    if (column.kind == AttributeKind::number) {
      column.numbers.resize(size, std::numeric_limits<double>::quiet_NaN());
    } else if (column.kind == AttributeKind::multi) {
      column.values.resize(size);
    } else {
      column.texts.resize(size);
    }
  }
}

}  // namespace coldframe::detail
