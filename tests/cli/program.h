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

/// Runs `coldframe ARGUMENTS` through the shell.
inline Outcome run_program(const std::string& arguments) {
  const TemporaryFolder folder;
  const std::filesystem::path output = folder / "out", errors = folder / "err";
  const std::string command =
      fmt::format("'{}' {} >'{}' 2>'{}'", program_path().string(), arguments, output.string(), errors.string());
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(output), read_file(errors)};
}

}  // namespace coldframe::testing
