#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace coldframe {

/// How a command ended that was started by run_command().
struct CommandResult {
  int exit_code = -1;  // 128 + signal when a signal ended it; -1 when it was killed at the time limit
  double seconds = 0;
  std::string output;                                  // standard output and error, interleaved as written
  std::vector<std::pair<double, std::size_t>> growth;  // (seconds, length of the output then)

  /// When the text was first complete in the output; -1 when it never was.
  double seconds_when(const std::string& text) const;
};

/// Runs a command in a process group of its own and waits for it, at most `limit_seconds`.
CommandResult run_command(const std::vector<std::string>& arguments, double limit_seconds);

/// Processes, zombies aside, that have this text among their arguments; waits a moment for them to disappear.
std::vector<int> processes_left_with_argument(const std::string& argument, double patience_seconds);

}  // namespace coldframe
