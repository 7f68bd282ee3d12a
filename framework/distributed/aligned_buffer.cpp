#include "framework/distributed/aligned_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace coldframe {

AlignedBuffer::AlignedBuffer(std::size_t size) : size_(size) {
  const std::size_t bytes = (size * sizeof(float) + 63) / 64 * 64;
  if (bytes == 0) return;
  auto* memory = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (memory == nullptr) throw std::bad_alloc();
  values_.reset(memory);
  std::fill_n(memory, size, 0.0f);
}

void AlignedBuffer::Free::operator()(float* values) const { std::free(values); }

}  // namespace coldframe
