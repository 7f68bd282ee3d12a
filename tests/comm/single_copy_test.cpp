// Whether ranks may read each other's memory is found out before MPI starts: in processes of their own, since what is
// forbidden to a process stays forbidden.
#include "framework/comm/mpi/single_copy.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace coldframe::detail {
namespace {

constexpr const char* k_variable = "OMPI_MCA_btl_vader_single_copy_mechanism";
enum Ended { unset = 10, none, kept, cannot_forbid };

/// As a container's profile does it. False where this process may not be restricted.
bool forbid_reading_others() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_readv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

[[noreturn]] void choose_and_exit(bool forbidden, const char* of_the_user) {
  unsetenv(k_variable);
  if (of_the_user != nullptr) setenv(k_variable, of_the_user, 1);
  if (forbidden && !forbid_reading_others()) std::exit(cannot_forbid);
  choose_single_copy();
  const char* value = std::getenv(k_variable);
  if (value == nullptr) std::exit(unset);
  std::exit(std::string_view(value) == "none" ? none : kept);
}

TEST(SingleCopyTest, where_memory_may_not_be_read_shared_memory_is_chosen_unless_the_user_chose) {
  bool can_forbid = true;
  EXPECT_EXIT(
      choose_and_exit(true, nullptr),
      [&](int status) {
        can_forbid = !WIFEXITED(status) || WEXITSTATUS(status) != cannot_forbid;
        return !can_forbid || (WIFEXITED(status) && WEXITSTATUS(status) == none);
      },
      "");
  if (!can_forbid) GTEST_SKIP() << "system calls of a process cannot be forbidden here";
  EXPECT_EXIT(choose_and_exit(true, "cma"), ::testing::ExitedWithCode(kept), "");
}

TEST(SingleCopyTest, where_memory_may_be_read_the_choice_is_left_to_open_mpi) {
  if (!neighbours_may_read_memory()) GTEST_SKIP() << "this machine forbids processes to read each other's memory";
  EXPECT_EXIT(choose_and_exit(false, nullptr), ::testing::ExitedWithCode(unset), "");
}

}  // namespace
}  // namespace coldframe::detail
