#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe {

/// What a memory of fixed room keeps of a stream whose elements come in groups.
enum class MemoryRule {
  uniform,   // every element with the same probability, so groups by their lengths
  balanced,  // as many of every group, within one; of a group every element with the same probability
};

/// A sample without replacement of everything offered so far, in one pass and fixed room. The draw of element n (from
/// 0) is keyed by n, so the content is a function of (seed, room, rule, groups of the elements offered).
/// `uniform` (Vitter, "Random sampling with a reservoir", ACM TOMS 11, 1985, algorithm R): element n takes place n
/// while there is room, and then place j of uniform {0 .. n} if j is one of the places. `balanced` (Chrysakis and
/// Moens, "Online continual learning from imbalanced data", ICML 2020, class-balancing reservoir sampling): once there
/// is no room, an element of a group that was never the largest takes the place of one drawn from the largest group;
/// one of a group that was stands in algorithm R over the places and elements of its own.
class Reservoir {
 public:
  Reservoir(std::size_t room, std::uint64_t seed, MemoryRule rule = MemoryRule::uniform);

  /// Where element number offered() goes, or -1 when it is passed over; it then counts as offered.
  std::int64_t offer(std::size_t group = 0);

  std::uint64_t offered() const { return offered_; }
  std::size_t size() const { return elements_.size(); }
  /// Number of the element at every place.
  const std::vector<std::uint64_t>& elements() const { return elements_; }
  /// `count` different places (all of them when there are fewer) that hold elements below `end`, drawn by `stream`: a
  /// step.
  std::vector<std::size_t> draw(std::size_t count, std::uint64_t stream, std::uint64_t end) const;

 private:
  struct GroupPlaces {
    std::vector<std::size_t> places;
    std::uint64_t offered = 0;
    bool was_largest = false;  // once there was no room
  };
  std::int64_t place_of(std::uint64_t number);
  std::int64_t balanced_place_of(std::uint64_t number, std::size_t group);

  std::size_t room_;
  MemoryRule rule_;
  KeyedRandom places_;
  std::uint64_t offered_ = 0;
  std::vector<std::uint64_t> elements_;
  std::vector<GroupPlaces> groups_;  // of `balanced`
};

}  // namespace coldframe
