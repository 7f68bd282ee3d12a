#pragma once

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "framework/core/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace coldframe::testing {

struct Outcome {
  int code = -1;
  std::string output;
  std::string errors;
};

inline std::filesystem::path program_path() {
  const char* folder = std::getenv("COLDFRAME_BINARY_DIR");
  return std::filesystem::path(folder == nullptr ? "." : folder) / "bin" / "coldframe";
}

/// Runs a command through the shell.
inline Outcome run_command(const std::string& command) {
  const TemporaryFolder folder;
  const std::filesystem::path output = folder / "out", errors = folder / "err";
  const int status = std::system(fmt::format("{} >'{}' 2>'{}'", command, output.string(), errors.string()).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(output), read_file(errors)};
}

inline Outcome run_program(const std::string& arguments) {
  return run_command(fmt::format("'{}' {}", program_path().string(), arguments));
}

}  // namespace coldframe::testing
