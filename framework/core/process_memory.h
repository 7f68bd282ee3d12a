#pragma once

#include <cstddef>

namespace coldframe {

/// The most memory this process ever held at once, in bytes, as the system reports it (getrusage).
std::size_t peak_memory_bytes();

}  // namespace coldframe
