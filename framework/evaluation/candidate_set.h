#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "framework/core/error.h"
#include "framework/core/ids.h"

namespace coldframe {

/// Items of a catalogue that may be shown, as an ascending list. Borrows it. Thread-safety: const.
class CandidateSet {
 public:
  /// items: of the catalogue; sorted: distinct ones among them.
  CandidateSet(std::span<const ItemId> sorted, std::size_t items) : sorted_(sorted), absent_(items - sorted.size()) {
    CF_EXPECTS(sorted.size() <= items);
  }
  std::size_t size() const { return sorted_.size(); }
  std::size_t absent() const { return absent_; }  // items of the catalogue that are not in the set

  /// Number c of the list is an item from c to c + absent: when few are absent, few places need a look.
  bool holds(ItemId item) const {
    const std::size_t value = item.value();
    const std::size_t last = std::min(value + 1, sorted_.size());
    const std::size_t first = std::min(value - std::min(value, absent_), last);
    return std::binary_search(sorted_.begin() + static_cast<std::ptrdiff_t>(first),
                              sorted_.begin() + static_cast<std::ptrdiff_t>(last), item);
  }

 private:
  std::span<const ItemId> sorted_;
  std::size_t absent_;
};

}  // namespace coldframe
