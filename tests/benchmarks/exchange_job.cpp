// How fast two ranks exchange large and small messages through Group::exchange.
//
//   COLDFRAME=build/release/benchmarks/exchange_job cluster/mpirun/run.sh 2     prints bytes, best seconds of each, and the ratio
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

/// Several exchanges make one sample: a single small one would measure which rank left the barrier first.
struct Plan {
  std::size_t bytes;
  int exchanges_per_sample;
  int samples;
};

void compare(const Group& group, const Plan& plan) {
  const int peer = 1 - group.rank();
  const int length = static_cast<int>(plan.bytes);
  std::vector<std::byte> mine(plan.bytes, static_cast<std::byte>(group.rank() + 1));
  std::vector<std::byte> theirs(plan.bytes);
  const auto sample = [&](const std::function<void()>& exchange_once) {
    std::memset(theirs.data(), 0, theirs.size());
    barrier(group);
    const double seconds = seconds_of([&] {
      for (int i = 0; i < plan.exchanges_per_sample; ++i) exchange_once();
    });
    check(theirs, peer);
    return seconds / plan.exchanges_per_sample;
  };
  double ours = 1e9;
  double plain = 1e9;
  for (int i = 0; i < plan.samples; ++i) {
    ours = std::min(ours, sample([&] { group.exchange(peer, mine, theirs); }));
    plain = std::min(plain, sample([&] {
                       MPI_Sendrecv(mine.data(), length, MPI_BYTE, peer, 0, theirs.data(), length, MPI_BYTE, peer, 0,
                                    MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                     }));
  }
  if (group.is_root()) {
    fmt::print("{:>12} B  exchange {:>10.1f} us  MPI_Sendrecv {:>10.1f} us  ratio {:.2f}\n", plan.bytes, ours * 1e6,
               plain * 1e6, ours / plain);
  }
}

}  // namespace
}  // namespace coldframe

int main() {
  using namespace coldframe;
  Launch launch;
  if (launch.group().size() != 2) return launch.fail(ExitCode::config, "start with mpirun -n 2");
  for (const Plan& plan : {Plan{8, 100, 300}, Plan{4096, 100, 200}, Plan{65'536, 50, 100}, Plan{1'200'000, 5, 80},
                           Plan{40'000'000, 1, 40}, Plan{88'000'000, 1, 30}}) {
    compare(launch.group(), plan);
  }
  return launch.finish(ExitCode::done);
}
