#include "framework/cli/dataset_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

constexpr const char* k_mapping = "mapping.ini";

std::vector<std::string> names_in(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> names;
  for (const std::filesystem::path& folder : folders) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (std::filesystem::exists(entry.path() / k_mapping)) names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::vector<std::filesystem::path> dataset_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("COLDFRAME_DATASETS")) folders.emplace_back(chosen);
  folders.emplace_back("datasets");
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return folders;
  folders.push_back(program.parent_path().parent_path() / "share" / "coldframe" / "datasets");
  for (std::filesystem::path at = program.parent_path(); at.has_relative_path(); at = at.parent_path()) {
    folders.push_back(at / "datasets");
  }
  return folders;
}

std::filesystem::path find_mapping(const std::string& source) { return find_mapping(source, dataset_folders()); }

std::filesystem::path find_mapping(const std::string& source, const std::vector<std::filesystem::path>& folders) {
  if (std::filesystem::is_regular_file(source)) return source;
  const bool plain_name = source.find('/') == std::string::npos;
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path mapping = folder / source / k_mapping;
    if (plain_name && std::filesystem::is_regular_file(mapping)) return mapping;
  }
  throw ConfigError(fmt::format("--source {}", source), "neither a known data set nor a mapping file",
                    suggest_name(source, names_in(folders)));
}

}  // namespace coldframe
