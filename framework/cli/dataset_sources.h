#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace coldframe {

/// Folders that may hold `NAME/mapping.ini`, nearest first: $COLDFRAME_DATASETS, ./datasets, `datasets` beside or above
/// the program (a build folder inside the source tree), and share/coldframe/datasets of an installation.
std::vector<std::filesystem::path> dataset_folders();

/// The mapping of a data set known by name, or the file itself when `source` is one. ConfigError with the nearest name.
std::filesystem::path find_mapping(const std::string& source);
std::filesystem::path find_mapping(const std::string& source, const std::vector<std::filesystem::path>& folders);

}  // namespace coldframe
