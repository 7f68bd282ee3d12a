#pragma once

#include <cstddef>

namespace coldframe::bench {

/// What the calling core can do at most, to measure other things against. Each call measures for about `seconds` and
/// returns the best of its repetitions.

/// Independent fused multiply-adds in registers, float32, on the widest vectors of the processor, in GFLOP/s (2 per
/// multiply-add). 0 on a processor without them.
double fma_peak_gflops(double seconds);

/// memcpy between two buffers of 64 MiB, GB/s of bytes copied (read and written once each).
double copy_gigabytes(double seconds);

}  // namespace coldframe::bench
