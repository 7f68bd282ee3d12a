#include "framework/cli/report_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/core/log.h"
#include "framework/reporting/report_files.h"

namespace coldframe {

void write_tables(const std::string& path, const nlohmann::json& report) {
  const std::filesystem::path target(path), stem = target.parent_path() / target.stem();
  for (const nlohmann::json& table : report.at("tables")) {
    write_file_atomically(fmt::format("{}-{}.csv", stem.string(), table.at("id").get<std::string>()), table_csv(table));
  }
  write_json(path, report);
  log_info("wrote {}", path);
}

std::string output_problem(const std::string& path) {
  if (path.empty() || std::filesystem::path(path).extension() == ".json") return {};
  return "(does not end in .json) the tables go beside it as CSV";
}

}  // namespace coldframe
