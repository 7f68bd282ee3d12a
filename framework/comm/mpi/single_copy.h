#pragma once

namespace coldframe::detail {

/// Whether a process started from here may read this one's memory, which is how Open MPI moves large messages between
/// ranks of a host in one copy (process_vm_readv). Containers and hardened kernels may forbid it.
bool neighbours_may_read_memory();

/// To be called before MPI starts. Open MPI does not find out by itself that it may not read a neighbour's memory and
/// fails in the middle of a message; where it may not, it is told to go through shared memory, which takes about three
/// times as long. What the user chose (OMPI_MCA_btl_vader_single_copy_mechanism) stands.
void choose_single_copy();

}  // namespace coldframe::detail
