#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace coldframe {

/// Parses JSON text; DataError names `origin` with the line and column of the first mistake. Duplicate keys are
/// mistakes.
nlohmann::json parse_json(std::string_view text, std::string_view origin);

/// IoError when the file cannot be read, DataError when it is not JSON.
nlohmann::json read_json(const std::filesystem::path& path);

/// Two-space indentation, keys in order, a newline at the end; atomic. The same value gives the same bytes.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

}  // namespace coldframe
