#include "tests/benchmarks/laws/given_pages.h"

#include <algorithm>

namespace coldframe::bench {

GivenPages::GivenPages(std::uint32_t items, std::size_t size, bool distinct, std::uint64_t seed) : size_(size) {
  const KeyedRandom random(seed, Purpose::exploration);
  for (std::uint32_t page = 0; page < k_pages; ++page) {
    const auto begin = static_cast<std::ptrdiff_t>(items_.size());
    for (std::uint32_t draw = 0; items_.size() < (page + 1) * size; ++draw) {
      const std::uint32_t item = uniform_below(random.block(UserKey(page), 0, 0, draw)[0], items);
      if (!distinct || std::find(items_.begin() + begin, items_.end(), item) == items_.end()) items_.push_back(item);
    }
  }
}

}  // namespace coldframe::bench
