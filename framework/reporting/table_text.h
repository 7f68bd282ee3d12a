#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace coldframe {

/// A table of a report's JSON (report.h) for a terminal: title, aligned columns, note. Numbers have three digits behind
/// the point, an estimate stands as "value [low, high]".
std::string table_text(const nlohmann::json& table);

}  // namespace coldframe
