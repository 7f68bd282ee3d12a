#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/core/config.h"
#include "framework/core/file_lock.h"

namespace coldframe {

/// What to do when a run folder is there already.
enum class ExistingRun { refuse, resume, overwrite };

/// Names of what a run folder holds (docs/guide/run-folder.md).
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.ini"; }
  std::filesystem::path log() const { return path / "log.txt"; }
  std::filesystem::path metrics() const { return path / "metrics.log"; }
  std::filesystem::path record() const { return path / "run.h5"; }
  std::filesystem::path checkpoints() const { return path / "checkpoints"; }
  std::filesystem::path model() const { return path / "model"; }
  std::filesystem::path tasks() const { return path / "tasks"; }
  /// What serves the people of task N = 1 .. T alone, and what was trained after N tasks.
  std::filesystem::path of_task(std::size_t task) const { return tasks() / ("task-" + std::to_string(task)); }
  std::filesystem::path after_task(std::size_t tasks_done) const {
    return tasks() / ("after-" + std::to_string(tasks_done));
  }
  std::filesystem::path memory() const { return path / "memory.h5"; }
};

/// Refuses what prepare_run_folder() would refuse, and changes nothing.
void check_run_folder(const RunFolder& folder, const ResolvedConfig& config, ExistingRun existing);

/// Makes the folder ready for a run with this configuration: new, or resumed with the same one, or emptied. ConfigError
/// when the folder belongs to another configuration, or exists and neither was asked for; IoError when another job
/// holds it. One process calls it, and keeps what it returns for as long as it writes there.
[[nodiscard]] FileLock prepare_run_folder(const RunFolder& folder, const ResolvedConfig& config, ExistingRun existing);

/// The digest of the configuration that a folder was made for; empty when it holds none.
std::string stored_config_digest(const RunFolder& folder);

}  // namespace coldframe
