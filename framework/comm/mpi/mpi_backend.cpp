#include "framework/comm/mpi/mpi_backend.h"

#include <utility>

#include "framework/comm/mpi/blocking_call_watch.h"
#include "framework/comm/mpi/heartbeat.h"
#include "framework/comm/mpi/mpi_port.h"
#include "framework/comm/mpi/mpi_transport.h"
#include "framework/comm/position.h"

namespace coldframe::detail {
namespace {

std::unique_ptr<MpiPort> open_port(const CommOptions& options) {
  // Launchers may start ranks minutes apart (a busy file system), so joining is more patient than working.
  const BlockingCallWatch watch("joining the MPI job", 10 * options.deadline_seconds);
  return std::make_unique<MpiPort>();
}

class JoinedJob final : public MpiBackend {
 public:
  explicit JoinedJob(const CommOptions& options)
      : options_(options),
        port_(open_port(options)),
        heartbeat_(*port_, board_, options),
        transport_(std::make_shared<MpiTransport>(*port_, heartbeat_, board_, options)) {
    heartbeat_.set_hosts(all_gather_text(Group(transport_), this_host()));
    transport_->report_position("start", 0);
  }

  std::shared_ptr<Transport> transport() override { return transport_; }

  void configure(const CommOptions& options) override {
    options_ = options;
    heartbeat_.configure(options);
    transport_->configure(options);
  }

  void leave() override {
    transport_->report_position("leaving", 0);
    barrier(Group(transport_));
    heartbeat_.finish();
    const BlockingCallWatch watch("leaving the MPI job", options_.deadline_seconds);
    port_->leave();
  }

  void abort(int exit_code) override { port_->abort(exit_code); }

 private:
  CommOptions options_;
  PositionBoard board_;
  std::unique_ptr<MpiPort> port_;
  Heartbeat heartbeat_;
  std::shared_ptr<MpiTransport> transport_;
};

}  // namespace

std::unique_ptr<MpiBackend> join_mpi_job(const CommOptions& options) { return std::make_unique<JoinedJob>(options); }

}  // namespace coldframe::detail
