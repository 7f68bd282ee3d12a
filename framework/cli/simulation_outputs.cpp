#include "framework/cli/simulation_outputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "framework/core/error.h"
#include "framework/reporting/simulation_record.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code neither_exists;
  return fs::equivalent(a, b, neither_exists);
}

[[noreturn]] void fail(const fs::path& path, std::string_view why) {
  throw IoError(fmt::format("cannot write {}", path.string()), why, "write somewhere else");
}

/// Nothing, or what an earlier simulation wrote.
bool replaceable(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored) || (fs::is_regular_file(path, ignored) && fs::file_size(path, ignored) == 0))
    return true;
  try {
    const SimulationRecordReader earlier(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The folder itself, or the one in which it would be made.
fs::path nearest_folder(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && !fs::exists(path, ignored) && path != path.parent_path()) path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

void require_folder(const fs::path& folder) {
  const fs::path nearest = nearest_folder(folder);
  if (!fs::is_directory(nearest)) fail(folder, fmt::format("{} is not a folder", nearest.string()));
  if (::access(nearest.c_str(), W_OK | X_OK) != 0) fail(folder, std::strerror(errno));
}

std::string file_name(std::string name, std::set<std::string>& taken) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-' && c != '+'; }, '_');
  std::string free = name;
  for (int copy = 2; !taken.insert(free).second; ++copy) free = fmt::format("{}-{}", name, copy);
  return free;
}

}  // namespace

void require_writable(std::span<const fs::path> files) {
  for (const fs::path& file : files) {
    if (file.empty()) continue;
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(folder)) fail(file, fmt::format("{} is not a folder", folder.string()));
    if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(file, std::strerror(errno));
    if (fs::is_directory(file)) fail(file, "it is a folder");
  }
}

void SimulationOutputs::prepare() const {
  if (!log.empty()) require_folder(log);
  if (record.empty()) return;
  for (const fs::path& input : inputs) {
    if (!same_file(record, input)) continue;
    throw ConfigError(fmt::format("output = {}", record.string()), "the simulation reads it", "name another file");
  }
  if (fs::is_directory(record)) fail(record, "it is a folder");
  if (!replaceable(record)) fail(record, "it exists and is no simulation record");
  if (!record.has_parent_path()) return require_folder(".");
  require_folder(record.parent_path());
  std::error_code error;
  fs::create_directories(record.parent_path(), error);
  if (error) fail(record, error.message());
}

void SimulationOutputs::require_logs_replace_nothing(std::span<const std::string> policies) const {
  if (log.empty()) return;
  for (const fs::path& stem : log_stems(log, policies)) {
    const fs::path store = stem.string() + ".h5";
    const bool reads = std::ranges::any_of(inputs, [&](const fs::path& input) { return same_file(store, input); });
    if (!reads && store.lexically_normal() != record.lexically_normal()) continue;
    throw ConfigError(
        fmt::format("log = {}", log.string()),
        fmt::format("{} would replace {}", store.string(), reads ? "what the simulation reads" : "the record"),
        "name another folder");
  }
}

std::vector<fs::path> log_stems(const fs::path& folder, std::span<const std::string> policies) {
  std::set<std::string> taken;
  std::vector<fs::path> stems;
  for (const std::string& policy : policies) stems.push_back(folder / file_name(policy, taken));
  return stems;
}

}  // namespace coldframe
