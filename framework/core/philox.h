#pragma once

#include <array>
#include <cstdint>

#include "framework/core/ids.h"

namespace coldframe {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11): a stateless map from
/// (counter, key) to four random words. Known answers are pinned in tests/core/philox_test.cpp.
using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    const std::uint64_t first = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
  }
  return counter;
}

/// What a random number is for. Tags are frozen: append, never renumber (results would silently change).
enum class Purpose : std::uint32_t {
  initialisation = 1,
  data_order = 2,
  roles = 3,
  masking = 4,
  dropout = 5,
  population = 6,
  arrival = 7,
  examination = 8,
  attraction = 9,
  choice = 10,
  item_noise = 11,
  drift = 12,
  leaving = 13,
  returning = 14,
  exploration = 15,
  bootstrap = 16,
  poisoning = 17,
  tie_break = 18,
  history_view = 19,
  extra_items = 20,
  world_fit = 21,
  permutation = 22,
  satisfaction = 23,
  subsample = 24,
  text_noise = 25,
  merging = 26,
};

/// Key of a (seed, purpose) pair: one Philox call, so that neighbouring seeds share nothing.
constexpr PhiloxKey philox_key(std::uint64_t seed, Purpose purpose) {
  const PhiloxBlock block = philox4x32({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                                        static_cast<std::uint32_t>(purpose), 0},
                                       {0xC01DF4A3u, 0x5EEDB0C5u});
  return {block[0], block[1]};
}

/// The layout of every counter in the project (frozen): user 64 bit | session 20 bit and page 12 bit | item or slot 32
/// bit. Training uses the same layout with view key, token and column in these places.
constexpr PhiloxBlock philox_counter(UserKey user, std::uint32_t session, std::uint32_t page, std::uint32_t slot) {
  return {static_cast<std::uint32_t>(user.value()), static_cast<std::uint32_t>(user.value() >> 32),
          (session << 12) | (page & 0xFFFu), slot};
}

/// Uniform in the open interval (0, 1).
constexpr double uniform_double(std::uint32_t word) { return (word + 0.5) * 0x1p-32; }
constexpr float uniform_float(std::uint32_t word) { return (static_cast<float>(word >> 9) + 0.5f) * 0x1p-23f; }

/// Integer in [0, n), bias below n / 2^32, no rejection (the number of draws stays fixed).
constexpr std::uint32_t uniform_below(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

double gumbel(std::uint32_t word);
/// Two independent standard normals from two words (Box-Muller).
std::array<double, 2> standard_normals(std::uint32_t first, std::uint32_t second);
/// Poisson(1) weight by inversion of one word.
int poisson_one(std::uint32_t word);

/// The random words of one (seed, purpose). A value type without state: every draw is named, none is "the next".
class KeyedRandom {
 public:
  KeyedRandom(std::uint64_t seed, Purpose purpose) : key_(philox_key(seed, purpose)) {}

  PhiloxBlock block(UserKey user, std::uint32_t session = 0, std::uint32_t page = 0, std::uint32_t slot = 0) const {
    return philox4x32(philox_counter(user, session, page, slot), key_);
  }
  double uniform(UserKey user, std::uint32_t session = 0, std::uint32_t page = 0, std::uint32_t slot = 0) const {
    return uniform_double(block(user, session, page, slot)[0]);
  }
  PhiloxKey key() const { return key_; }

 private:
  PhiloxKey key_;
};

}  // namespace coldframe
