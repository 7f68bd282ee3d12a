#include "framework/simulation/random_layout.h"

#include <algorithm>

#include "framework/core/hash.h"
#include "framework/core/keyed_words.h"

namespace coldframe {
namespace {

// Slots of Purpose::population: 0 picks the profile, 1.. place the latent state, page 1 draws likes given at the start,
// page 2 profiles while the mix of newcomers changes, page 3 who writes in new words.
constexpr std::uint32_t k_first_latent_slot = 1;
constexpr std::uint32_t k_given_like_page = 1;

void keyed_gumbels(const KeyedRandom& random, UserKey user, std::uint32_t session, std::uint32_t page,
                   std::span<const std::uint32_t> slots, std::span<double> gumbels) {
  constexpr std::size_t k_at_once = 64;
  std::uint64_t words[k_at_once];
  for (std::size_t first = 0; first < slots.size(); first += k_at_once) {
    const std::size_t count = std::min(k_at_once, slots.size() - first);
    keyed_words(random, user, session, page, slots.subspan(first, count), std::span(words).first(count));
    for (std::size_t k = 0; k < count; ++k) gumbels[first + k] = gumbel(static_cast<std::uint32_t>(words[k] >> 32));
  }
}

}  // namespace

SimulationRandom::SimulationRandom(std::uint64_t seed)
    : population_(seed, Purpose::population),
      arrival_(seed, Purpose::arrival),
      choice_(seed, Purpose::choice),
      item_noise_(seed, Purpose::item_noise),
      attraction_(seed, Purpose::attraction),
      examination_(seed, Purpose::examination),
      satisfaction_(seed, Purpose::satisfaction),
      leaving_(seed, Purpose::leaving),
      returning_(seed, Purpose::returning) {}

void SimulationRandom::latent_normals(UserKey user, std::span<double> normals) const {
  keyed_normals(population_, user, k_first_latent_slot, normals);
}

double SimulationRandom::given_like_gumbel(UserKey user, std::uint32_t item_slot) const {
  return gumbel(population_.block(user, 0, k_given_like_page, item_slot)[0]);
}

void SimulationRandom::given_like_gumbels(UserKey user, std::span<const std::uint32_t> item_slots,
                                          std::span<double> gumbels) const {
  keyed_gumbels(population_, user, 0, k_given_like_page, item_slots, gumbels);
}

void SimulationRandom::item_gumbels(UserKey user, std::uint32_t session, std::uint32_t page,
                                    std::span<const std::uint32_t> item_slots, std::span<double> gumbels) const {
  keyed_gumbels(item_noise_, user, session, page, item_slots, gumbels);
}

std::uint64_t derived_seed(std::uint64_t seed, const char* stream) { return combine_hash(seed, stable_hash(stream)); }

void keyed_normals(const KeyedRandom& random, UserKey user, std::uint32_t first_slot, std::span<double> normals) {
  for (std::size_t at = 0; at < normals.size(); at += 4) {
    const PhiloxBlock words = random.block(user, 0, 0, first_slot + static_cast<std::uint32_t>(at / 4));
    const auto [a, b] = standard_normals(words[0], words[1]);
    const auto [c, d] = standard_normals(words[2], words[3]);
    const double four[4] = {a, b, c, d};
    for (std::size_t k = 0; k < 4 && at + k < normals.size(); ++k) normals[at + k] = four[k];
  }
}

}  // namespace coldframe
