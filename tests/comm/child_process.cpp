#include "tests/comm/child_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace coldframe {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void become(const std::vector<std::string>& arguments, int output) {
  setpgid(0, 0);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(127);
}

bool has_argument(const std::filesystem::path& process, const std::string& argument) {
  std::ifstream file(process / "cmdline", std::ios::binary);
  const std::string command{std::istreambuf_iterator<char>(file), {}};
  return ("\0" + command).find(argument) != std::string::npos;
}

std::vector<int> processes_with_argument(const std::string& argument) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    // A zombie has an empty command line, so it never matches.
    if (name.find_first_not_of("0123456789") == std::string::npos && has_argument(entry.path(), argument)) {
      found.push_back(std::stoi(name));
    }
  }
  return found;
}

}  // namespace

double CommandResult::seconds_when(const std::string& text) const {
  const std::size_t found = output.find(text);
  if (found == std::string::npos) return -1;
  for (const auto& [when, length] : growth) {
    if (length >= found + text.size()) return when;
  }
  return -1;
}

CommandResult run_command(const std::vector<std::string>& arguments, double limit_seconds) {
  const Clock::time_point start = Clock::now();
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = fork();
  if (child == 0) become(arguments, ends[1]);
  close(ends[1]);
  CommandResult result;
  bool in_time = true;
  std::array<char, 4096> buffer;
  while (true) {
    const double left = limit_seconds - seconds_since(start);
    in_time = left > 0;
    if (!in_time) {
      kill(-child, SIGKILL);
      break;
    }
    pollfd waiting{ends[0], POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left * 1000) + 1) <= 0) continue;
    const ssize_t n = read(ends[0], buffer.data(), buffer.size());
    if (n <= 0) break;
    result.output.append(buffer.data(), static_cast<std::size_t>(n));
    result.growth.emplace_back(seconds_since(start), result.output.size());
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.seconds = seconds_since(start);
  if (in_time) result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<int> processes_left_with_argument(const std::string& argument, double patience_seconds) {
  const Clock::time_point start = Clock::now();
  std::vector<int> left = processes_with_argument(argument);
  while (!left.empty() && seconds_since(start) < patience_seconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    left = processes_with_argument(argument);
  }
  return left;
}

}  // namespace coldframe
