#pragma once

#include <memory>

#include "framework/comm/comm_options.h"
#include "framework/comm/group.h"
#include "framework/comm/mpi/heartbeat.h"
#include "framework/comm/mpi/mpi_port.h"
#include "framework/comm/position.h"

namespace coldframe::detail {

/// Exchanges over MPI. The calling thread moves its own messages in a test loop: it yields the core
/// between tests, and soon sleeps briefly between them. The wait ends with DistributedError when the heartbeat has
/// found a silent rank, or when a living peer has not answered within the stall limit. After that every exchange fails
/// at once.
class MpiTransport final : public Transport {
 public:
  MpiTransport(MpiPort& port, Heartbeat& heartbeat, PositionBoard& board, const CommOptions& options);

  int rank() const override { return port_.rank(); }
  int size() const override { return port_.size(); }
  void exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) override;
  void report_position(std::string_view phase, std::int64_t step) override;
  std::string host_of(int rank) const override { return heartbeat_.host_of(rank); }
  void configure(const CommOptions& options) { options_ = options; }

 private:
  class Patience;
  MpiPort& port_;
  Heartbeat& heartbeat_;
  PositionBoard& board_;
  CommOptions options_;
  bool stalled_ = false;
};

}  // namespace coldframe::detail
