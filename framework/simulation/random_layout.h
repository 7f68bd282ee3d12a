#pragma once

#include <cstdint>
#include <span>

#include "framework/core/ids.h"
#include "framework/core/philox.h"

namespace coldframe {

/// Every random number of the simulator by name. Key = (seed, purpose), counter = (user; session, page; item or slot):
/// the user is in every counter, so no two users share a draw, and a draw does not depend on which others were made.
/// The layout is frozen (goldens in tests/simulation/random_layout_test.cpp): changing it changes every result.
/// Item slots are the low 32 bits of the item's stable key, so that the order of rows in a catalogue changes nothing.
class SimulationRandom {
 public:
  static constexpr std::uint32_t k_sessions = 1u << 20;  // sessions per user that fit the counter
  static constexpr std::uint32_t k_pages = 1u << 12;     // pages per session that fit the counter

  explicit SimulationRandom(std::uint64_t seed);

  // Who a newcomer is (fixed at birth).
  std::uint32_t profile_word(UserKey user) const { return population_.block(user, 0, 0, 0)[0]; }
  /// Standard normals that place the latent state, the same under every world (worlds are compared pairwise).
  void latent_normals(UserKey user, std::span<double> normals) const;
  /// Whether a newcomer is of the new mix while the mix of profiles changes, and which profile they then have.
  double mix_coin(UserKey user) const { return population_.uniform(user, 0, 2, 0); }
  double mix_profile(UserKey user) const { return population_.uniform(user, 0, 2, 1); }
  /// Whether a newcomer writes in new words while vocabulary changes.
  double words_coin(UserKey user) const { return population_.uniform(user, 0, 3, 0); }
  double arrival(UserKey user) const { return arrival_.uniform(user); }
  double given_like_gumbel(UserKey user, std::uint32_t item_slot) const;
  /// given_like_gumbel() of many items at once.
  void given_like_gumbels(UserKey user, std::span<const std::uint32_t> item_slots, std::span<double> gumbels) const;

  // What happens on a page.
  double click(UserKey user, std::uint32_t session, std::uint32_t page) const {
    return choice_.uniform(user, session, page);
  }
  double item_gumbel(UserKey user, std::uint32_t session, std::uint32_t page, std::uint32_t item_slot) const {
    return gumbel(item_noise_.block(user, session, page, item_slot)[0]);
  }
  /// item_gumbel() of many items at once.
  void item_gumbels(UserKey user, std::uint32_t session, std::uint32_t page, std::span<const std::uint32_t> item_slots,
                    std::span<double> gumbels) const;
  double attraction(UserKey user, std::uint32_t session, std::uint32_t page, std::uint32_t item_slot) const {
    return attraction_.uniform(user, session, page, item_slot);
  }
  double continuation(UserKey user, std::uint32_t session, std::uint32_t page, std::uint32_t position) const {
    return examination_.uniform(user, session, page, position);
  }
  double satisfaction(UserKey user, std::uint32_t session, std::uint32_t page, std::uint32_t position) const {
    return satisfaction_.uniform(user, session, page, position);
  }

  // What happens between pages and sessions.
  double leaving(UserKey user, std::uint32_t session, std::uint32_t page) const {
    return leaving_.uniform(user, session, page);
  }
  double returning(UserKey user, std::uint32_t session) const { return returning_.uniform(user, session, 0, 0); }
  double return_gap(UserKey user, std::uint32_t session) const { return returning_.uniform(user, session, 0, 1); }

 private:
  KeyedRandom population_, arrival_, choice_, item_noise_, attraction_, examination_, satisfaction_, leaving_,
      returning_;
};

/// A seed for a named stream beside the user streams (profile pool, integration nodes of the informed oracle), so that
/// it can never meet a draw of a user.
std::uint64_t derived_seed(std::uint64_t seed, const char* stream);

/// Writes standard normals from the blocks (user, session, page, slot), slot = first_slot, first_slot + 1, ...
void keyed_normals(const KeyedRandom& random, UserKey user, std::uint32_t first_slot, std::span<double> normals);

}  // namespace coldframe
