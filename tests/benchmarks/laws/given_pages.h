#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe::bench {

/// Pages that were drawn before anybody lives: uniformly random items, the same pages for the same seed everywhere.
class GivenPages {
 public:
  static constexpr std::uint32_t k_pages = 1024;

  /// distinct: no item twice on a page.
  GivenPages(std::uint32_t items, std::size_t size, bool distinct, std::uint64_t seed = 3);

  std::size_t size() const { return size_; }
  std::span<const std::uint32_t> page(std::uint64_t user, std::uint32_t number) const {
    return std::span(items_).subspan((user * 31 + number) % k_pages * size_, size_);
  }
  std::span<const std::uint32_t> all() const { return items_; }

 private:
  std::size_t size_;
  std::vector<std::uint32_t> items_;  // [k_pages, size]
};

}  // namespace coldframe::bench
