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

Reservoir::Reservoir(std::size_t room, std::uint64_t seed)
    : room_(room), places_(combine_hash(seed, k_stream), Purpose::subsample) {}

std::int64_t Reservoir::offer() {
  const std::uint64_t number = offered_++;
  if (elements_.size() < room_) {
    elements_.push_back(number);
    return static_cast<std::int64_t>(elements_.size()) - 1;
  }
  const std::uint64_t place = below(places_.block(UserKey(number), 0, 0, k_place_slot), number + 1);
  if (place >= room_) return -1;
  elements_[place] = number;
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
