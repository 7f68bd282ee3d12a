#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/likes.h"

namespace coldframe {

struct ColdStartOptions {
  std::vector<std::size_t> shots = {0, 1, 3, 5, 10};
  std::size_t masked = 10;  // first likes that are never targets and never ranked, whatever k is
};

/// A strict new user: nothing of them was trained on; the first likes may be shown, the later ones are to be found.
struct ColdStartUser {
  UserId user;
  std::vector<ItemId> support;  // the first `masked` likes, oldest first; masked in every ranking
  std::vector<ItemId> targets;  // all later likes, the same for every k
};

/// The k-shot protocol: the same users and targets for every k, so that the curve over k compares like with like.
struct ColdStartCases {
  ColdStartOptions options;
  std::vector<ColdStartUser> users;  // in the order given
  std::size_t left_out = 0;          // users with too few likes
  bool ordered_by_time = true;       // false: no timestamps, "first" is a seeded hash order

  /// The first k likes of a case, oldest first.
  static std::span<const ItemId> history(const ColdStartUser& user, std::size_t k);
};

/// Cases for the users of one role (V for early stopping, H for test). Throws ConfigError when a k exceeds `masked`.
ColdStartCases make_cold_start_cases(const Likes& likes, std::span<const UserId> users,
                                     const ColdStartOptions& options = {});

}  // namespace coldframe
