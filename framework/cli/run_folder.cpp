#include "framework/cli/run_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_digest_line = "# configuration digest: ";

/// An empty log is all that is left of a job that could not begin.
bool holds_nothing(const RunFolder& folder) {
  if (!fs::exists(folder.path)) return true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path)) {
    if (entry.path() != folder.log() || entry.file_size() > 0) return false;
  }
  return true;
}

/// All but the log, which is locked: another file of that name would be free for others.
void empty(const RunFolder& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path)) {
    if (entry.path() != folder.log()) fs::remove_all(entry.path());
  }
  fs::resize_file(folder.log(), 0);
}

}  // namespace

std::string stored_config_digest(const RunFolder& folder) {
  if (!fs::exists(folder.config())) return {};
  const std::string text = read_file(folder.config());
  if (!text.starts_with(k_digest_line)) return {};
  return text.substr(k_digest_line.size(), text.find('\n') - k_digest_line.size());
}

void check_run_folder(const RunFolder& folder, const ResolvedConfig& config, ExistingRun existing) {
  if (holds_nothing(folder)) return;
  if (!fs::exists(folder.config()) && existing != ExistingRun::resume) {
    throw ConfigError(fmt::format("{} exists and holds no run", folder.path.string()), "it is not ours to empty",
                      "choose another experiment.root, name or variant");
  }
  const bool same = stored_config_digest(folder) == config_digest(config);
  if (existing == ExistingRun::resume && !same) {
    throw ConfigError(fmt::format("{} belongs to another configuration", folder.path.string()),
                      fmt::format("compare {} with --dump-config", folder.config().string()),
                      "use its configuration, another experiment.variant, or --overwrite");
  }
  if (existing == ExistingRun::refuse) {
    throw ConfigError(fmt::format("{} exists", folder.path.string()),
                      same ? "it belongs to this configuration" : "it belongs to another configuration",
                      same ? "give --resume to go on, or --overwrite to start again"
                           : "choose another experiment.variant, or give --overwrite");
  }
}

FileLock prepare_run_folder(const RunFolder& folder, const ResolvedConfig& config, ExistingRun existing) {
  check_run_folder(folder, config, existing);
  const std::string digest = config_digest(config);
  std::error_code error;
  fs::create_directories(folder.path, error);
  if (error) {
    throw IoError(fmt::format("cannot make {}", folder.path.string()), error.message(), "choose another experiment.root");
  }
  FileLock lock(folder.log());
  if (existing == ExistingRun::overwrite) empty(folder);
  if (stored_config_digest(folder) != digest) {
    write_file_atomically(folder.config(), fmt::format("{}{}\n{}", k_digest_line, digest, dump_config(config)));
  }
  return lock;
}

}  // namespace coldframe
