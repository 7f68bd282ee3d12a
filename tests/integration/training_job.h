#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/training/metrics_log.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace coldframe::testing {

/// A small world of its own for whole-program tests: a data set of invented people, the tiny committed encoder, and
/// configurations that exercise dropout, clipping, validation and epochs. Everything lies in one temporary folder.
class TrainingJob {
 public:
  TrainingJob();

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path store() const { return folder_ / "data.h5"; }
  /// A file for --config that makes runs short: 24 steps, a checkpoint every 8, no validation, one thread.
  std::filesystem::path short_config() const { return folder_ / "short.ini"; }
  std::filesystem::path run(const std::string& root, const std::string& variant) const {
    return folder_ / root / "job" / variant / "fold-0" / "seed-1";
  }

  /// `coldframe train` under mpirun with this many ranks (0: without mpirun); results go under folder()/root.
  Outcome train(int ranks, const std::string& root, const std::string& arguments) const;
  /// The same command, started in the background; its output goes to folder()/root.log.
  pid_t start(int ranks, const std::string& root, const std::string& arguments) const;
  /// Any command of the program under mpirun, in the background; its output goes to folder()/name.log.
  pid_t start_program(int ranks, const std::string& name, const std::string& arguments) const;
  /// Waits for a started job; returns its exit code, or 128 + signal; -1 after `seconds` (then it is killed).
  static int wait(pid_t job, double seconds);

 private:
  std::string command(int ranks, const std::string& root, const std::string& arguments) const;
  pid_t start_line(const std::string& line, const std::string& name) const;
  void write_data() const;
  TemporaryFolder folder_;
};

/// Process ids of the ranks that run under this root, ascending by rank (as Open MPI numbers them).
std::vector<pid_t> rank_processes(const std::string& root_argument);

/// Waits until every one of these processes has computed for so long; false when it does not happen within `seconds`.
bool wait_for_work(const std::vector<pid_t>& processes, double cpu_seconds, double seconds);

/// Waits until the metrics log holds this many records; false when it does not happen within `seconds`.
bool wait_for_records(const std::filesystem::path& metrics, std::size_t records, double seconds);

/// Compares what two run folders ended with: metrics but for times, and all checkpoints' tensors byte by byte.
/// Empty when they are the same, else what differs.
std::string difference_between(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace coldframe::testing
