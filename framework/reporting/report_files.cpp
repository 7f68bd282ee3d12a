#include "framework/reporting/report_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/reporting/report_template.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::string_view k_library_mark = "/*@PLOTLY@*/", k_report_mark = "@REPORT@";

void replace_mark(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t at = page.find(mark);
  CF_EXPECTS(at != std::string::npos);
  page.replace(at, mark.size(), text);
}

/// Inside a script element only `</script` and `<!--` matter; in JSON every `<` can be written as an escape, in a
/// library's string literals a backslash before `/` and `!` changes nothing.
std::string inert_json(const Json& value) {
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else {
      out += c;
    }
  }
  return out;
}

std::string inert_script(std::string_view script) {
  std::string out;
  out.reserve(script.size());
  for (std::size_t i = 0; i < script.size(); ++i) {
    out += script[i];
    const std::string_view rest = script.substr(i + 1, 7);
    if (script[i] == '<' && (rest.starts_with("/script") || rest.starts_with("/SCRIPT") || rest.starts_with("!--")))
      out += '\\';
  }
  return out;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

bool is_estimate(const Json& cell) { return cell.is_object() && cell.contains("value"); }

std::string csv_cell(const Json& cell) {
  if (cell.is_null()) return {};
  if (cell.is_string()) return quoted(cell.get<std::string>());
  return cell.dump();
}

bool holds_estimates(const Json& table, const std::string& key) {
  for (const Json& row : table.at("rows")) {
    if (is_estimate(row.value(key, Json()))) return true;
  }
  return false;
}

}  // namespace

std::filesystem::path plotly_path() {
  const char* chosen = std::getenv("COLDFRAME_PLOTLY");
  return chosen != nullptr && *chosen != '\0' ? chosen : COLDFRAME_PLOTLY_PATH;
}

std::string report_page(const Json& report, std::string_view plotly) {
  std::string page(k_report_template);
  replace_mark(page, k_report_mark, inert_json(report));
  replace_mark(page, k_library_mark, inert_script(plotly));
  return page;
}

std::string table_csv(const Json& table) {
  std::string head, body;
  std::vector<std::pair<std::string, bool>> columns;
  for (const Json& column : table.at("columns")) {
    const std::string key = column.at("key");
    columns.emplace_back(key, holds_estimates(table, key));
    head += fmt::format("{}{}", head.empty() ? "" : ",", quoted(key));
    if (columns.back().second) head += fmt::format(",{}_low,{}_high", key, key);
  }
  for (const Json& row : table.at("rows")) {
    std::string line;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto& [key, three] = columns[c];
      const Json cell = row.value(key, Json());
      if (c > 0) line += ',';
      if (!three) {
        line += csv_cell(cell);
      } else if (is_estimate(cell)) {
        line += fmt::format("{},{},{}", csv_cell(cell["value"]), csv_cell(cell["low"]), csv_cell(cell["high"]));
      } else {
        line += csv_cell(cell) + ",,";
      }
    }
    body += line + "\r\n";
  }
  return head + "\r\n" + body;
}

void write_report(const std::filesystem::path& page, const Json& report) {
  const std::filesystem::path library = plotly_path();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(library, ignored)) {
    throw IoError(fmt::format("cannot read the plot library {}", library.string()), "it is not there",
                  "run cluster/setup.sh, or name a plotly.min.js in COLDFRAME_PLOTLY");
  }
  const std::string html = report_page(report, read_file(library));
  const std::filesystem::path stem = page.parent_path() / page.stem();
  for (const Json& table : report.at("tables")) {
    write_file_atomically(fmt::format("{}-{}.csv", stem.string(), table.at("id").get<std::string>()), table_csv(table));
  }
  write_json(stem.string() + ".json", report);
  write_file_atomically(page, html);
}

}  // namespace coldframe
