#include "tests/reporting/outside_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace coldframe::testing {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void become(const std::vector<std::string>& words, int output) {
  setpgid(0, 0);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Finished run_outside(const std::vector<std::string>& words, int seconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no child process");
  if (child == 0) become(words, ends[1]);
  close(ends[1]);
  Finished finished;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  char buffer[65536];
  for (;;) {
    pollfd waiting{ends[0], POLLIN, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
      kill(-child, SIGKILL);
      finished.output += "[killed: ran too long]";
      break;
    }
    const ssize_t size = read(ends[0], buffer, sizeof buffer);
    if (size <= 0) break;
    finished.output.append(buffer, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

std::string report_python(const std::string& module) {
  for (const std::string& python :
       {environment("COLDFRAME_REPORT_PYTHON"), environment("COLDFRAME_DEPS_DIR") + "/venv-interop/bin/python",
        std::string("python3")}) {
    if (python.empty()) continue;
    if (run_outside({python, "-c", "import " + module}).status == 0) return python;
  }
  return {};
}

std::string find_program(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::istringstream folders(environment("PATH"));
    for (std::string folder; std::getline(folders, folder, ':');) {
      if (access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
    }
  }
  return {};
}

}  // namespace coldframe::testing
