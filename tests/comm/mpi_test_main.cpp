#include "tests/comm/mpi_test_main.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "framework/comm/launch.h"

namespace coldframe {
namespace {

const Group* g_world = nullptr;

/// Only failures are worth reading from the ranks other than 0.
class FailurePrinter final : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", g_world->rank(), result.file_name(), result.line_number(),
                 result.message());
  }
};

}  // namespace

const Group& world_group() { return *g_world; }

}  // namespace coldframe

int main(int argc, char** argv) {
  using namespace coldframe;
  CommOptions options;
  options.stall_limit_seconds = 90;  // a rank that left a test early must not hold up the others for long
  Launch launch(options);
  g_world = &launch.group();
  ::testing::InitGoogleTest(&argc, argv);
  if (!launch.group().is_root()) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter);
  }
  const bool failed = any_rank(launch.group(), RUN_ALL_TESTS() != 0);
  return launch.finish(failed ? ExitCode::unexpected : ExitCode::done);
}
