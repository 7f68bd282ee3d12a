#include "framework/model/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace coldframe {
namespace {

constexpr std::size_t k_alignment = 64;  // also the room for the header in front of a block's memory
constexpr std::size_t k_smallest = 256;
constexpr int k_steps = 8;         // size classes per doubling
constexpr std::size_t k_near = 4;  // classes that may serve a request: batches differ a little from step to step

/// Stands in front of what a tensor sees.
struct Header {
  std::size_t size_class;
};

std::size_t bytes_of(std::size_t size_class) {
  const std::size_t octave = size_class / k_steps, step = size_class % k_steps;
  return (k_smallest << octave) / k_steps * (k_steps + step);
}

/// The smallest class that holds `bytes`.
std::size_t class_of(std::size_t bytes) {
  if (bytes <= k_smallest) return 0;
  const std::size_t octave = static_cast<std::size_t>(std::bit_width((bytes - 1) / k_smallest)) - 1;
  std::size_t found = octave * k_steps;
  while (bytes_of(found) < bytes) ++found;
  return found;
}

class KeptMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &release, c10::Device(c10::DeviceType::CPU)};
    void* data = take(class_of(bytes));
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }

  void limit_surplus(std::size_t bytes) { surplus_ = bytes; }

  TensorMemory state() {
    const std::scoped_lock lock(mutex_);
    return state_;
  }

  /// Never destroyed: tensors may outlive every static object.
  static KeptMemory& instance() {
    static auto* memory = new KeptMemory();
    return *memory;
  }

 private:
  void* take(std::size_t wanted) {
    const std::size_t bytes = bytes_of(wanted);
    {
      const std::scoped_lock lock(mutex_);
      for (std::size_t size_class = wanted; size_class < wanted + k_near; ++size_class) {
        std::vector<void*>& idle = idle_.at(size_class);
        if (idle.empty()) continue;
        void* data = idle.back();
        idle.pop_back();
        state_.idle_bytes -= bytes_of(size_class);
        use(bytes_of(size_class));
        return data;
      }
      use(bytes);
      ++state_.fresh_blocks;
      make_room();
    }
    auto* block = static_cast<std::byte*>(std::aligned_alloc(k_alignment, bytes + k_alignment));
    if (block == nullptr) throw std::bad_alloc();
    new (block) Header{wanted};
    return block + k_alignment;
  }

  /// Gives idle blocks back, the largest first, until blocks take no more than was ever used at once and the surplus.
  void make_room() {
    for (std::size_t size_class = idle_.size(); size_class-- > 0 && excessive();) {
      std::vector<void*>& idle = idle_[size_class];
      for (; !idle.empty() && excessive(); idle.pop_back()) {
        state_.idle_bytes -= bytes_of(size_class);
        std::free(static_cast<std::byte*>(idle.back()) - k_alignment);
      }
    }
  }

  bool excessive() const { return state_.used_bytes + state_.idle_bytes > state_.peak_bytes + surplus_; }

  void use(std::size_t bytes) {
    state_.used_bytes += bytes;
    state_.peak_bytes = std::max(state_.peak_bytes, state_.used_bytes);
  }

  static void release(void* data) {
    if (data != nullptr) instance().put_back(static_cast<std::byte*>(data));
  }

  void put_back(std::byte* data) {
    const std::size_t size_class = reinterpret_cast<Header*>(data - k_alignment)->size_class;
    const std::size_t bytes = bytes_of(size_class);
    const std::scoped_lock lock(mutex_);
    state_.used_bytes -= bytes;
    state_.idle_bytes += bytes;
    idle_.at(size_class).push_back(data);
  }

  std::mutex mutex_;
  std::size_t surplus_ = 0;
  TensorMemory state_;
  std::array<std::vector<void*>, 48 * k_steps + k_near>
      idle_;  // the last one put back is the first to go: it is still in the cache
};

}  // namespace

void keep_tensor_memory(std::size_t surplus_bytes) {
  KeptMemory::instance().limit_surplus(surplus_bytes);
  // Blocks that are given back shall leave the process. Left alone, glibc raises this limit to the size of what is
  // freed, and blocks end up in holes of its heap.
  constexpr int own_mapping_from = 1 << 18;
  mallopt(M_MMAP_THRESHOLD, own_mapping_from);
  constexpr std::uint8_t above_the_default = 1;
  c10::SetCPUAllocator(&KeptMemory::instance(), above_the_default);
}

TensorMemory tensor_memory() { return KeptMemory::instance().state(); }

}  // namespace coldframe
