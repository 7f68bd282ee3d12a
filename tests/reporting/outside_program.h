#pragma once

#include <string>
#include <vector>

namespace coldframe::testing {

struct Finished {
  int status = -1;     // exit status, or 128 + signal
  std::string output;  // stdout and stderr together
};

/// Runs a program found on PATH (no shell) and waits for it; a program that runs longer than `seconds` is killed.
Finished run_outside(const std::vector<std::string>& words, int seconds = 120);

/// A Python that can import the module: $COLDFRAME_REPORT_PYTHON, DEPS/venv-interop, python3. Empty when none can.
std::string report_python(const std::string& module);

/// Path of the first of these programs on PATH; empty when there is none.
std::string find_program(const std::vector<std::string>& names);

}  // namespace coldframe::testing
