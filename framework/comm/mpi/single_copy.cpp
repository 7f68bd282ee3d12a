#include "framework/comm/mpi/single_copy.h"

#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace coldframe::detail {
namespace {

constexpr const char* k_variable = "OMPI_MCA_btl_vader_single_copy_mechanism";
const volatile int k_seen = 0x5EED;  // what the other process reads; volatile: from memory, not from its own code

/// In the other process: the exit status says whether the parent's memory could be read.
[[noreturn]] void read_parent(pid_t parent) {
  int found = 0;
  const iovec to{&found, sizeof found};
  const iovec from{const_cast<int*>(&k_seen), sizeof k_seen};
  const bool read = process_vm_readv(parent, &to, 1, &from, 1, 0) == static_cast<ssize_t>(sizeof found);
  _exit(read && found == k_seen ? 0 : 1);
}

}  // namespace

bool neighbours_may_read_memory() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);  // as Open MPI does; without Yama there is nothing to set
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) read_parent(parent);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void choose_single_copy() {
  if (std::getenv(k_variable) != nullptr || neighbours_may_read_memory()) return;
  setenv(k_variable, "none", /*overwrite=*/0);
}

}  // namespace coldframe::detail
