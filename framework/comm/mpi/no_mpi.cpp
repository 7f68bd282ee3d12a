#include "framework/comm/mpi/mpi_backend.h"
#include "framework/core/error.h"

namespace coldframe::detail {

std::unique_ptr<MpiBackend> join_mpi_job(const CommOptions&) {
  throw DistributedError("started by an MPI launcher, but this build has no MPI", {},
                         "configure with -DCOLDFRAME_MPI=ON, or start one process without mpirun or srun");
}

}  // namespace coldframe::detail
