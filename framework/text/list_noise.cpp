#include "framework/text/list_noise.h"

#include <algorithm>
#include <numeric>

namespace coldframe {
namespace {

/// Frozen: pages of these kinds in the counters, behind those of TextNoise.
constexpr std::uint32_t k_fields_page = 32, k_shuffle_page = 33;

}  // namespace

std::vector<bool> missing_fields(std::size_t fields, double severity, const NoiseKey& key) {
  require_severity(severity);
  const KeyedRandom random(key.seed, Purpose::text_noise);
  std::vector<bool> missing;
  for (std::uint32_t f = 0; f < fields; ++f) {
    missing.push_back(random.uniform(key.user, key.draw, k_fields_page, f) < severity);
  }
  return missing;
}

std::vector<std::size_t> shuffled_places(std::size_t entries, double severity, const NoiseKey& key) {
  require_severity(severity);
  const KeyedRandom random(key.seed, Purpose::text_noise);
  std::vector<std::size_t> chosen;
  std::vector<std::uint64_t> order;
  for (std::uint32_t place = 0; place < entries; ++place) {
    const PhiloxBlock draw = random.block(key.user, key.draw, k_shuffle_page, place);
    order.push_back((std::uint64_t{draw[1]} << 32) | draw[2]);
    if (uniform_double(draw[0]) < severity) chosen.push_back(place);
  }
  std::vector<std::size_t> sources = chosen;
  std::stable_sort(sources.begin(), sources.end(), [&](std::size_t a, std::size_t b) { return order[a] < order[b]; });
  std::vector<std::size_t> places(entries);
  std::iota(places.begin(), places.end(), std::size_t{0});
  for (std::size_t c = 0; c < chosen.size(); ++c) places[chosen[c]] = sources[c];
  return places;
}

std::size_t shortened_length(std::size_t entries, double severity) {
  require_severity(severity);
  return entries - static_cast<std::size_t>(severity * static_cast<double>(entries));
}

}  // namespace coldframe
