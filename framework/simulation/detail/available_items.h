#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "framework/simulation/catalogue.h"

namespace coldframe::detail {

/// The items that a catalogue holds at some time and goes on holding until the next change, found once for all users
/// who come in between. Borrows the catalogue. Thread-safety: none.
class AvailableItems {
 public:
  struct Stretch {
    std::vector<ItemId> items;  // ascending
    std::int64_t until = 0;     // unix seconds, exclusive
  };
  explicit AvailableItems(const Catalogue& catalogue) : catalogue_(&catalogue) {}
  std::shared_ptr<const Stretch> at(std::int64_t timestamp);

 private:
  static constexpr std::size_t k_most = 64;  // stretches kept
  const Catalogue* catalogue_;
  std::map<std::int64_t, std::shared_ptr<const Stretch>> by_end_;
};

}  // namespace coldframe::detail
