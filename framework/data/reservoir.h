#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe {

/// A uniform sample without replacement of everything offered so far, in one pass and fixed room (Vitter, "Random
/// sampling with a reservoir", ACM TOMS 11, 1985, algorithm R): element n (from 0) takes place n while there is room,
/// and then place j of uniform {0 .. n} if j is one of the places. The draw of element n is keyed by n, so the content
/// is a function of (seed, room, elements offered).
class Reservoir {
 public:
  Reservoir(std::size_t room, std::uint64_t seed);

  /// Where element number offered() goes, or -1 when it is passed over; it then counts as offered.
  std::int64_t offer();

  std::uint64_t offered() const { return offered_; }
  std::size_t size() const { return elements_.size(); }
  /// Number of the element at every place.
  const std::vector<std::uint64_t>& elements() const { return elements_; }
  /// `count` different places (all of them when there are fewer) that hold elements below `end`, drawn by `stream`: a
  /// step.
  std::vector<std::size_t> draw(std::size_t count, std::uint64_t stream, std::uint64_t end) const;

 private:
  std::size_t room_;
  KeyedRandom places_;
  std::uint64_t offered_ = 0;
  std::vector<std::uint64_t> elements_;
};

}  // namespace coldframe
