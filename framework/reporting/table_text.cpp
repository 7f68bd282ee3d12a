#include "framework/reporting/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "";
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_number_float()) return fmt::format("{:.3f}", cell.get<double>());
  if (cell.is_object()) {
    const std::string value = cell_text(cell.at("value"));
    if (cell.at("low").is_null()) return value;
    return fmt::format("{} [{}, {}]", value, cell_text(cell.at("low")), cell_text(cell.at("high")));
  }
  return cell.dump();
}

}  // namespace

std::string table_text(const Json& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Json& column : table.at("columns")) lines.front().push_back(column.at("title"));
  for (const Json& row : table.at("rows")) {
    lines.emplace_back();
    for (const Json& column : table.at("columns")) {
      lines.back().push_back(cell_text(row.value(column.at("key").get<std::string>(), Json())));
    }
  }
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string text = fmt::format("{}\n", table.at("title").get<std::string>());
  for (const auto& line : lines) {
    std::string out;
    for (std::size_t c = 0; c < line.size(); ++c) out += fmt::format("  {:<{}}", line[c], widths[c]);
    text += out.substr(0, out.find_last_not_of(' ') + 1) + '\n';
  }
  if (const std::string note = table.at("note"); !note.empty()) text += fmt::format("  ({})\n", note);
  return text;
}

}  // namespace coldframe
