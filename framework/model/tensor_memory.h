#pragma once

#include <cstddef>

namespace coldframe {

/// Tensors take their memory from now on from blocks that are kept and handed out again, so that a step meets neither
/// the system's allocator nor fresh pages. Size classes stand at most 1/8 apart, and an idle block
/// serves requests up to three classes smaller. All blocks together take no more than the most that was used at once and
/// `surplus_bytes`: before they would, idle ones are given back to the system. To be called once, before the first tensor.
/// Thread-safe afterwards.
void keep_tensor_memory(std::size_t surplus_bytes = std::size_t{1} << 27);

struct TensorMemory {
  std::size_t used_bytes = 0;  // of live tensors
  std::size_t peak_bytes = 0;  // most that was used at once
  std::size_t idle_bytes = 0;
  std::size_t fresh_blocks = 0;  // asked of the system so far
};

/// All zero before keep_tensor_memory().
TensorMemory tensor_memory();

}  // namespace coldframe
