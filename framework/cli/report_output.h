#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace coldframe {

/// Writes a report of tables as JSON to `path` (.json), and every table as CSV beside it: NAME-TABLE.csv.
void write_tables(const std::string& path, const nlohmann::json& report);

/// The problem with a path given to write_tables; empty when there is none. An empty path is none.
std::string output_problem(const std::string& path);

}  // namespace coldframe
