#include "framework/data/reservoir.h"

#include <algorithm>

#include "framework/core/hash.h"
#include "framework/data/keyed_permutation.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_stream = 0x7265736572766F69;  // apart from other subsamples of the seed
constexpr std::uint32_t k_place_slot = ~0u;             // draw() uses the low ones

/// Uniform in {0 .. n - 1} from two words: n is a count of elements and may pass 2^32.
std::uint64_t below(const PhiloxBlock& words, std::uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t word = (std::uint64_t{words[1]} << 32) | words[0];
  return static_cast<std::uint64_t>((Wide{word} * n) >> 64);
}

}  // namespace

Reservoir::Reservoir(std::size_t room, std::uint64_t seed, MemoryRule rule)
    : room_(room), rule_(rule), places_(combine_hash(seed, k_stream), Purpose::subsample) {}

std::int64_t Reservoir::offer(std::size_t group) {
  const std::uint64_t number = offered_++;
  const bool balanced = rule_ == MemoryRule::balanced;
  if (balanced) {
    groups_.resize(std::max(groups_.size(), group + 1));
    ++groups_[group].offered;
  }
  if (elements_.size() < room_) {
    elements_.push_back(number);
    if (balanced) groups_[group].places.push_back(elements_.size() - 1);
    return static_cast<std::int64_t>(elements_.size()) - 1;
  }
  const std::int64_t place = balanced ? balanced_place_of(number, group) : place_of(number);
  if (place >= 0) elements_[static_cast<std::size_t>(place)] = number;
  return place;
}

std::int64_t Reservoir::place_of(std::uint64_t number) {
  const std::uint64_t place = below(places_.block(UserKey(number), 0, 0, k_place_slot), number + 1);
  return place < room_ ? static_cast<std::int64_t>(place) : -1;
}

std::int64_t Reservoir::balanced_place_of(std::uint64_t number, std::size_t group) {
  const auto largest = std::ranges::max_element(groups_, {}, [](const GroupPlaces& of) { return of.places.size(); });
  const std::size_t most = largest->places.size();
  if (most == 0) return -1;  // no room at all
  for (GroupPlaces& of : groups_) of.was_largest = of.was_largest || of.places.size() == most;
  const PhiloxBlock words = places_.block(UserKey(number), 0, 0, k_place_slot);
  GroupPlaces& mine = groups_[group];
  if (mine.was_largest) {
    const std::uint64_t drawn = below(words, mine.offered);
    return drawn < mine.places.size() ? static_cast<std::int64_t>(mine.places[drawn]) : -1;
  }
  const std::uint64_t drawn = below(words, most);
  const std::size_t place = largest->places[drawn];
  largest->places[drawn] = largest->places.back();
  largest->places.pop_back();
  mine.places.push_back(place);
  return static_cast<std::int64_t>(place);
}

std::vector<std::size_t> Reservoir::draw(std::size_t count, std::uint64_t stream, std::uint64_t end) const {
  std::vector<std::size_t> open, chosen;
  for (std::size_t place = 0; place < elements_.size(); ++place) {
    if (elements_[place] < end) open.push_back(place);
  }
  if (open.empty()) return chosen;
  const KeyedPermutation order(places_.key(), stream, static_cast<std::uint32_t>(open.size()));
  for (std::uint32_t i = 0; i < std::min(count, open.size()); ++i) chosen.push_back(open[order(i)]);
  return chosen;
}

}  // namespace coldframe
