#include "framework/comm/launch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "framework/comm/last_words.h"
#include "framework/comm/mpi/mpi_backend.h"
#include "framework/comm/one/one_rank_transport.h"
#include "framework/comm/stop_signal.h"

namespace coldframe {
namespace {

/// Set while other ranks count on this process.
std::atomic<bool> g_in_job{false};

void on_exit() {
  if (g_in_job.exchange(false)) detail::write_last_words("left the job without finishing (exit was called)");
}

void print_line(std::string_view text) {
  const std::string line = fmt::format("coldframe: {}\n", text);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

const char* environment_variable(const char* name) { return std::getenv(name); }

int number_or(const char* text, int otherwise) { return text == nullptr ? otherwise : std::atoi(text); }

}  // namespace

class Launch::Backend {
 public:
  explicit Backend(const CommOptions& options) {
    switch (detail::detect_launcher(environment_variable)) {
      case detail::Launcher::srun_without_pmi:
        refuse_srun();
      case detail::Launcher::batch_script_alone:
        print_line(
            "note: one process in a Slurm job of several tasks; to use them all, start with srun --mpi=pmix or mpirun");
        [[fallthrough]];
      case detail::Launcher::none:
        transport_ = detail::make_one_rank_transport(detail::LastWords::kept);
        transport_->report_position("start", 0);
        return;
      case detail::Launcher::mpi:
        mpi_ = detail::join_mpi_job(options);
        transport_ = mpi_->transport();
    }
    const bool placed_by_srun = environment_variable("OMPI_COMM_WORLD_SIZE") == nullptr;
    if (transport_->size() == 1 && placed_by_srun && number_or(environment_variable("SLURM_STEP_NUM_TASKS"), 1) > 1) {
      refuse_srun();
    }
  }

  const std::shared_ptr<Transport>& transport() const { return transport_; }
  detail::MpiBackend* mpi() const { return mpi_.get(); }

 private:
  [[noreturn]] static void refuse_srun() {
    throw DistributedError("every process believes to be rank 0 of 1",
                           "srun started several tasks, but this MPI found no PMI server to meet the others",
                           detail::srun_without_pmi_remedy(environment_variable));
  }

  std::unique_ptr<detail::MpiBackend> mpi_;
  std::shared_ptr<Transport> transport_;
};

Launch::Launch(const CommOptions& options)
    : backend_(std::make_unique<Backend>(options)), group_(backend_->transport()) {
  install_last_words();
  [[maybe_unused]] static const int registered = std::atexit(on_exit);
  g_in_job = group_.size() > 1;
}

Launch::~Launch() {
  if (backend_) fail(ExitCode::unexpected, group_.size() > 1 ? "the program ended before its work was finished" : "");
}

void Launch::configure(const CommOptions& options) {
  if (backend_->mpi() != nullptr) backend_->mpi()->configure(options);
}

int Launch::finish(ExitCode code) {
  if (backend_->mpi() != nullptr) backend_->mpi()->leave();
  g_in_job = false;
  const bool speaks = group_.is_root();
  backend_.reset();
  return speaks ? static_cast<int>(code) : 0;
}

int Launch::fail(ExitCode code, std::string_view message) {
  if (!message.empty()) print_line(fmt::format("error: {}", message));
  if (backend_ && backend_->mpi() != nullptr) {
    if (group_.size() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    g_in_job = false;
    backend_->mpi()->abort(static_cast<int>(code));
  }
  backend_.reset();
  return static_cast<int>(code);
}

namespace detail {

Launcher detect_launcher(const Environment& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_SIZE"}) {
    if (environment(name) != nullptr) return Launcher::mpi;
  }
  if (number_or(environment("SLURM_STEP_NUM_TASKS"), 1) > 1) return Launcher::srun_without_pmi;
  if (number_or(environment("SLURM_NTASKS"), 1) <= 1) return Launcher::none;
  // A batch script is task 0 by itself; any other number was given out by srun.
  if (number_or(environment("SLURM_PROCID"), 0) > 0) return Launcher::srun_without_pmi;
  return Launcher::batch_script_alone;
}

std::string srun_without_pmi_remedy(const Environment& environment) {
  const char* tasks = environment("SLURM_STEP_NUM_TASKS");
  if (tasks == nullptr) tasks = environment("SLURM_NTASKS");
  return fmt::format(
      "use `srun --mpi=pmix ...` (`srun --mpi=list` shows what the cluster has), or inside the batch script `mpirun -n "
      "{} "
      "...`, or start one task with `srun -n 1 ...`",
      tasks == nullptr ? "N" : tasks);
}

}  // namespace detail
}  // namespace coldframe
