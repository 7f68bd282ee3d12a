#include "framework/simulation/detail/parallel_blocks.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace coldframe::detail {

void parallel_blocks(std::size_t blocks, std::int64_t threads, const std::function<void(std::size_t)>& run) {
  const int used = threads > 0 ? static_cast<int>(threads) : tbb::info::default_concurrency();
  const tbb::global_control allow(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(used));
  tbb::task_arena arena(used);
  arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, blocks, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          for (std::size_t block = range.begin(); block < range.end(); ++block) run(block);
        },
        tbb::simple_partitioner());
  });
}

}  // namespace coldframe::detail
