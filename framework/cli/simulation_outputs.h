#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace coldframe {

/// Where a simulation writes, looked at before anything is simulated. Borrows nothing.
struct SimulationOutputs {
  std::filesystem::path record;               // empty: none
  std::filesystem::path log;                  // folder of stores; empty: none
  std::vector<std::filesystem::path> inputs;  // that must stay as they are

  /// Makes the folder of the record. ConfigError when the record would replace an input; IoError when record or folder
  /// of stores could not be written, or when something else than an earlier record would be replaced.
  void prepare() const;
  /// ConfigError when the log of one of these policies would replace an input or the record.
  void require_logs_replace_nothing(std::span<const std::string> policies) const;
};

/// Before long work: IoError when a file could not be written where these are to be; empty ones are none.
void require_writable(std::span<const std::filesystem::path> files);

/// Paths of the logs of policies without .h5: a policy's name with nothing in it that file systems, shells or remote
/// copies take for a sign of theirs.
std::vector<std::filesystem::path> log_stems(const std::filesystem::path& folder,
                                             std::span<const std::string> policies);

}  // namespace coldframe
