// How fast two ranks exchange large and small messages through Group::exchange.
//
//   mpirun -n 2 comm_exchange_benchmark            prints bytes, best seconds of each, and the ratio
//
// Interleaved A/B: on a shared machine only the ratio of times taken in one sitting means anything.
#define OMPI_SKIP_MPICXX 1
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <vector>

#include "framework/comm/launch.h"

namespace coldframe {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void check(const std::vector<std::byte>& received, int peer) {
  const auto expected = static_cast<std::byte>(peer + 1);
  const auto is_expected = [&](std::byte value) { return value == expected; };
  if (!std::all_of(received.begin(), received.end(), is_expected)) {
    throw DistributedError("the benchmark received other bytes than were sent");
  }
}

void compare(const Group& group, std::size_t bytes, int repetitions) {
  const int peer = 1 - group.rank();
  std::vector<std::byte> mine(bytes, static_cast<std::byte>(group.rank() + 1));
  std::vector<std::byte> theirs(bytes);
  double ours = 1e9;
  double plain = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    barrier(group);
    ours = std::min(ours, seconds_of([&] { group.exchange(peer, mine, theirs); }));
    check(theirs, peer);
    std::memset(theirs.data(), 0, theirs.size());
    barrier(group);
    plain = std::min(plain, seconds_of([&] {
                       MPI_Sendrecv(mine.data(), static_cast<int>(bytes), MPI_BYTE, peer, 0, theirs.data(),
                                    static_cast<int>(bytes), MPI_BYTE, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                     }));
    check(theirs, peer);
  }
  if (group.is_root()) {
    fmt::print("{:>12} B  exchange {:>10.1f} us  MPI_Sendrecv {:>10.1f} us  ratio {:.2f}\n", bytes, ours * 1e6,
               plain * 1e6, ours / plain);
  }
}

}  // namespace
}  // namespace coldframe

int main() {
  using namespace coldframe;
  Launch launch;
  if (launch.group().size() != 2) return launch.fail(ExitCode::config, "start with mpirun -n 2");
  compare(launch.group(), 8, 5000);
  compare(launch.group(), 4096, 2000);
  compare(launch.group(), 65536, 1000);
  compare(launch.group(), 1'200'000, 300);
  compare(launch.group(), 40'000'000, 40);
  compare(launch.group(), 88'000'000, 25);
  return launch.finish(ExitCode::done);
}
