#include "framework/simulation/detail/parallel_blocks.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>

namespace coldframe::detail {

void parallel_blocks(std::size_t blocks, std::int64_t threads, const std::function<void(std::size_t)>& run,
                     const std::function<bool()>& stop) {
  const int used = threads > 0 ? static_cast<int>(threads) : tbb::info::default_concurrency();
  const tbb::global_control allow(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(used));
  tbb::task_arena arena(used);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false, stopped = false;
  const auto work = [&](int) {
    // Asked before a block is taken: every block that is taken is done.
    while (!failed && !stopped) {
      if (stop && stop()) {
        stopped = true;
        return;
      }
      const std::size_t block = next.fetch_add(1);
      if (block >= blocks) return;
      try {
        run(block);
      } catch (...) {
        failed = true;
        throw;
      }
    }
  };
  arena.execute([&] { tbb::parallel_for(0, used, work, tbb::simple_partitioner()); });
}

}  // namespace coldframe::detail
