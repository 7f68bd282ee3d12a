#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace coldframe::detail {

/// Calls run(0) .. run(blocks - 1) once each, in any order, on so many threads (0: all cores). The first exception
/// stops the rest and is thrown here.
void parallel_blocks(std::size_t blocks, std::int64_t threads, const std::function<void(std::size_t)>& run);

}  // namespace coldframe::detail
