#include "tests/integration/training_job.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "framework/distributed/checkpoint_files.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

std::string source_folder() {
  const char* folder = std::getenv("COLDFRAME_SOURCE_DIR");
  return folder == nullptr ? "." : folder;
}

constexpr const char* k_mapping = R"([source]
name = invented
licence = none

[interactions]
file = ratings.csv
delimiter = comma
user = user
item = item
rating = rating
timestamp = time
timestamp_unit = seconds

[users]
file = users.csv
delimiter = comma
id = user

[user.age]
column = age
kind = number

[user.gender]
column = gender
kind = category

[user.occupation]
column = occupation
kind = category

[items]
file = items.csv
delimiter = comma
id = item

[item.title]
column = title
kind = text

[item.year]
column = year
kind = number

[item.genres]
column = genres
kind = multi
separator = space
)";

double seconds_since(steady_clock::time_point start) { return std::chrono::duration<double>(steady_clock::now() - start).count(); }

}  // namespace

TrainingJob::TrainingJob() {
  write_data();
  const Outcome imported = run_program(fmt::format("import --source {0}/mapping.ini --input {0} --output {1}",
                                                   folder().string(), store().string()));
  if (imported.code != 0) throw std::runtime_error("import failed: " + imported.errors);
}

std::string TrainingJob::command(int ranks, const std::string& root, const std::string& arguments) const {
  const std::string program = program_path().string();
  return fmt::format("{} {} train --config {} --experiment.root={} {}",
                     ranks > 0 ? fmt::format("mpirun -n {}", ranks) : "", program, (folder_ / "job.ini").string(),
                     (folder_ / root).string(), arguments);
}

Outcome TrainingJob::train(int ranks, const std::string& root, const std::string& arguments) const {
  return run_command(command(ranks, root, arguments));
}

pid_t TrainingJob::start(int ranks, const std::string& root, const std::string& arguments) const {
  return start_line(command(ranks, root, arguments), root);
}

pid_t TrainingJob::start_program(int ranks, const std::string& name, const std::string& arguments) const {
  return start_line(fmt::format("mpirun -n {} {} {}", ranks, program_path().string(), arguments), name);
}

pid_t TrainingJob::start_line(const std::string& line, const std::string& name) const {
  const std::string redirected = fmt::format("exec {} >{}.log 2>&1", line, (folder_ / name).string());
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", redirected.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

int TrainingJob::wait(pid_t job, double seconds) {
  const auto started = steady_clock::now();
  int status = 0;
  while (waitpid(job, &status, WNOHANG) == 0) {
    if (seconds_since(started) > seconds) {
      kill(job, SIGKILL);
      waitpid(job, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void TrainingJob::write_data() const {
  std::ofstream users(folder_ / "users.csv"), items(folder_ / "items.csv"), ratings(folder_ / "ratings.csv");
  users << "user,age,gender,occupation\n";
  for (int u = 0; u < 60; ++u) users << fmt::format("u{},{},{},{}\n", u, 18 + u % 50, u % 2 ? "F" : "M", u % 3 ? "writer" : "doctor");
  items << "item,title,year,genres\n";
  const char* words[] = {"red", "blue", "night", "river", "stone", "king", "lost", "city", "love", "war"};
  for (int i = 0; i < 40; ++i) {
    // Items 0 and 1 share a text; titles have one to seven words.
    const int look = i == 1 ? 0 : i;
    std::string title;
    for (int w = 0; w <= look % 7; ++w) title += fmt::format("{}{}", w ? " " : "", words[(look * 3 + w * w) % 10]);
    items << fmt::format("i{},{},{},{}\n", i, title, 1950 + look, look % 2 ? "Drama" : "Comedy Crime");
  }
  ratings << "user,item,rating,time\n";
  for (int u = 0; u < 60; ++u) {
    for (int i = 0; i < 40; ++i) {
      if ((u * 7 + i * 11) % 3 != 0) ratings << fmt::format("u{},i{},{},{}\n", u, i, (u + i) % 3 ? 5 : 2, 1000000 + u * 97 + i * (i % 5));
    }
  }
  std::ofstream(folder_ / "mapping.ini") << k_mapping;
  std::ofstream(folder_ / "job.ini") << fmt::format(R"([experiment]
name = job

[data]
path = {}

[encoder]
folder = {}/tests/golden/tiny_encoder

[batch]
pairs = 9
extra_items = 7
lanes = 4
tokens = 64

[training]
validate_every = 50

[optimizer]
learning_rate = 2e-3
clip_norm = 0.5

[schedule]
steps = 200
warmup = 10

[checkpoint]
every = 40

[evaluation]
masked = 3
shots = 0 1 3

[distributed]
deadline_seconds = 5
)", store().string(), source_folder());
  std::ofstream(short_config()) << R"([schedule]
steps = 24

[checkpoint]
every = 8

[training]
validate_every = 0

[distributed]
threads = 1
)";
}

std::vector<pid_t> rank_processes(const std::string& root_argument) {
  std::map<int, pid_t> ranks;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::ifstream command(entry.path() / "cmdline"), environment(entry.path() / "environ");
    const std::string line((std::istreambuf_iterator<char>(command)), {});
    const std::string variables((std::istreambuf_iterator<char>(environment)), {});
    const std::size_t at = variables.find("OMPI_COMM_WORLD_RANK=");
    if (line.find("mpirun") == 0 || line.find(root_argument) == std::string::npos || at == std::string::npos) continue;
    ranks[std::atoi(variables.c_str() + at + 21)] = static_cast<pid_t>(std::atoi(name.c_str()));
  }
  std::vector<pid_t> processes;
  for (const auto& [rank, process] : ranks) processes.push_back(process);
  return processes;
}

bool wait_for_work(const std::vector<pid_t>& processes, double cpu_seconds, double seconds) {
  const auto started = steady_clock::now();
  const auto worked = [&](pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return false;
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec) >= cpu_seconds;
  };
  while (seconds_since(started) < seconds) {
    if (std::ranges::all_of(processes, worked)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool wait_for_records(const fs::path& metrics, std::size_t records, double seconds) {
  const auto started = steady_clock::now();
  while (seconds_since(started) < seconds) {
    if (read_metrics(metrics).size() >= records) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string difference_between(const fs::path& one, const fs::path& other) {
  const std::vector<MetricsRecord> first = read_metrics(one / "metrics.log"), second = read_metrics(other / "metrics.log");
  if (first.size() != second.size()) return fmt::format("{} and {} metrics records", first.size(), second.size());
  for (std::size_t r = 0; r < first.size(); ++r) {
    if (first[r].step != second[r].step || first[r].kind != second[r].kind) return fmt::format("record {} is another", r);
    for (std::size_t v = 0; v < first[r].values.size(); ++v) {
      const auto& [key, value] = first[r].values[v];
      if (!key.starts_with("time.") && (second[r].values.size() <= v || second[r].values[v] != first[r].values[v])) {
        return fmt::format("metric {} of step {} is {} and {}", key, first[r].step, value, second[r].values[v].second);
      }
    }
  }
  const std::vector<FoundCheckpoint> mine = list_checkpoints(one / "checkpoints"), theirs = list_checkpoints(other / "checkpoints");
  if (mine.empty() || theirs.empty() || mine.back().step != theirs.back().step) return "the last checkpoints are of other steps";
  if (read_file(mine.back().folder / "state.safetensors") != read_file(theirs.back().folder / "state.safetensors")) {
    return fmt::format("weights or optimizer state after step {} differ", mine.back().step);
  }
  return {};
}

}  // namespace coldframe::testing
