#pragma once

#include <memory>

#include "framework/comm/comm_options.h"
#include "framework/comm/group.h"

namespace coldframe::detail {

/// This process's membership in an MPI job. The implementation without MPI (no_mpi.cpp) refuses to join.
class MpiBackend {
 public:
  virtual ~MpiBackend() = default;
  virtual std::shared_ptr<Transport> transport() = 0;
  virtual void configure(const CommOptions& options) = 0;
  /// Collective: returns when all ranks have come here and MPI is closed.
  virtual void leave() = 0;
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

std::unique_ptr<MpiBackend> join_mpi_job(const CommOptions& options);

}  // namespace coldframe::detail
