#pragma once

#include <cstdint>

namespace coldframe::bench {

/// The most memory this process ever held at once (VmHWM of /proc/self/status), in bytes.
std::int64_t peak_memory_bytes();

/// CLOCK_MONOTONIC in seconds: all processes of a machine read the same clock.
double monotonic_seconds();

/// Seconds since the kernel started this process; resolution 10 ms.
double seconds_since_process_start();

}  // namespace coldframe::bench
