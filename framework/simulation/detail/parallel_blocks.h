#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace coldframe::detail {

/// Calls run(0) .. run(blocks - 1) once each on so many threads (0: all cores). Blocks begin in order, so that at any
/// time those done are a prefix but for as many as there are threads. The first exception stops the rest and is thrown
/// here; after a yes of stop() no further block begins, and those that did are a prefix.
void parallel_blocks(std::size_t blocks, std::int64_t threads, const std::function<void(std::size_t)>& run,
                     const std::function<bool()>& stop = {});

}  // namespace coldframe::detail
