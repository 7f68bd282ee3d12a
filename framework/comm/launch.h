#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "framework/comm/comm_options.h"
#include "framework/comm/group.h"
#include "framework/core/error.h"

namespace coldframe {

/// This process's membership in the job, from start to end. Started by mpirun or srun it joins the others through MPI;
/// started by hand it is a group of one rank and MPI is never touched.
///
///     Launch launch;                       // refuses "srun without PMI", where every process believes to be alone
///     try { ... launch.group() ... return launch.finish(ExitCode::done); }
///     catch (const Error& error) { log(error); return launch.fail(error.exit_code(), ""); }
///
/// From here on SIGTERM says where this rank was before it ends the process; see stop_signal.h for work that can stop.
/// Destroying a Launch that was neither finished nor failed ends the job like fail(ExitCode::unexpected).
/// Thread-safety: main thread only. One per process.
class Launch {
 public:
  explicit Launch(const CommOptions& options = {});
  ~Launch();
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  const Group& group() const { return group_; }
  /// Deadlines from the config, which is read after the start.
  void configure(const CommOptions& options);

  /// Collective, clean end: all ranks come here, leave MPI together, and return from main what this returns: the
  /// exit code on rank 0, zero on the others (so that a launcher passes exactly that code on).
  [[nodiscard]] int finish(ExitCode code);

  /// This rank cannot go on. Prints the message (if any), lets peers report for a moment, then ends the whole job.
  /// Alone, it returns the code for main to return; with other ranks it does not return.
  int fail(ExitCode code, std::string_view message);

 private:
  class Backend;
  std::unique_ptr<Backend> backend_;
  Group group_;
};

namespace detail {
using Environment = std::function<const char*(const char*)>;  // like getenv

enum class Launcher { none, mpi, srun_without_pmi, batch_script_alone };
/// Which launcher started this process, from its environment variables alone.
Launcher detect_launcher(const Environment& environment);
std::string srun_without_pmi_remedy(const Environment& environment);
}  // namespace detail

}  // namespace coldframe
