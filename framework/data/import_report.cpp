#include "framework/data/import_report.h"

#include <fmt/format.h>

namespace coldframe {
namespace {

std::string table_text(const TableReport& table) {
  std::string lines = fmt::format("  {:<13}{}\n", table.table, table.file);
  lines += fmt::format("    sha256 {}{}\n", table.sha256,
                       table.provenance.empty() ? std::string{} : fmt::format(" ({})", table.provenance));
  lines += fmt::format("    rows read {}, kept {}\n", table.rows_read, table.rows_kept);
  for (const auto& [reason, rows] : table.malformed) {
    lines += fmt::format("    malformed {}: {}\n", rows.count, reason);
    for (const std::string& example : rows.first) lines += fmt::format("      {}\n", example);
  }
  for (const auto& [reason, count] : table.dropped) lines += fmt::format("    dropped {}: {}\n", count, reason);
  for (const auto& [attribute, count] : table.unreadable_cells) {
    lines += fmt::format("    taken as missing {}: unreadable {}\n", count, attribute);
  }
  return lines;
}

}  // namespace

std::size_t TableReport::malformed_rows() const {
  std::size_t rows = 0;
  for (const auto& [reason, entry] : malformed) rows += entry.count;
  return rows;
}

std::string ImportReport::text() const {
  std::string lines = fmt::format("imported {}\n", dataset);
  for (const TableReport& table : tables) lines += table_text(table);
  const auto created = [](std::size_t count) {
    return count == 0 ? std::string{} : fmt::format(" ({} named by interactions only)", count);
  };
  lines += fmt::format("  users {}{}, items {}{}, interactions {}\n", users, created(users_created), items,
                       created(items_created), interactions);
  if (implicit) lines += "  no ratings: every interaction counts as a like\n";
  if (!timed) lines += "  no timestamps: only order-free protocols are allowed\n";
  if (!licence.empty()) lines += fmt::format("  licence: {}\n", licence);
  lines += fmt::format("  content sha256 {}\n", content_sha256);
  return lines;
}

}  // namespace coldframe
