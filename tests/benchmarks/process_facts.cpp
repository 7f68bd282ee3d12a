#include "tests/benchmarks/process_facts.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"

namespace coldframe::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

std::int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  throw IoError("/proc/self/status has no VmHWM", "this benchmark reads memory as Linux reports it");
}

double monotonic_seconds() { return seconds_of(CLOCK_MONOTONIC); }

double seconds_since_process_start() {
  const std::string stat = read_file("/proc/self/stat");
  // The second field is the program's name in parentheses and may hold blanks; the start is the 20th field after it.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  return seconds_of(CLOCK_BOOTTIME) - std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace coldframe::bench
