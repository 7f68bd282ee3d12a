#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/reporting/report_files.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::string number(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_number_integer() || value.is_number_unsigned()) return value.dump();
  return fmt::format("{:.4g}", value.get<double>());
}

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "-";
  if (cell.is_string()) return cell.get<std::string>();
  if (!cell.is_object()) return number(cell);
  if (cell.at("low").is_null()) return number(cell.at("value"));
  return fmt::format("{} [{}, {}]", number(cell.at("value")), number(cell.at("low")), number(cell.at("high")));
}

/// Columns as wide as their widest cell; the last one runs free.
std::string table_text(const Json& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Json& column : table.at("columns")) lines.front().push_back(column.at("title"));
  for (const Json& row : table.at("rows")) {
    lines.emplace_back();
    for (const Json& column : table.at("columns")) {
      lines.back().push_back(cell_text(row.value(column.at("key").get<std::string>(), Json())));
    }
  }
  std::string text = fmt::format("\n{}\n", table.at("title").get<std::string>());
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      std::size_t width = 0;
      for (const std::vector<std::string>& other : lines) width = std::max(width, other[c].size());
      text += c + 1 == line.size() ? line[c] : fmt::format("{:<{}}  ", line[c], width);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string report_text(const Json& report) {
  std::string text;
  for (const Json& sentence : report.at("sentences")) text += sentence.get<std::string>() + '\n';
  text += "\nLimits:\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("- {}\n", limit.get<std::string>());
  for (const Json& table : report.at("tables")) {
    const std::string id = table.at("id");
    if (id == "strategies" || id.starts_with("quality-") || id.starts_with("verdict-") || id == "simulation" || id == "pareto" ||
        id == "stream-strategies") {
      text += table_text(table);
    }
  }
  return text;
}

}  // namespace coldframe
