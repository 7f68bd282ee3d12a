#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"

namespace coldframe {

/// What a real user may be used for (docs/guide/protocol.md): T trains, V stops early and chooses, W fits simulated
/// worlds, H is real test.
enum class Role : std::uint8_t { train, validate, world, held_out };

/// `[data]` options that decide who is what and what counts as a like.
struct RoleOptions {
  std::int64_t seed = 17;
  std::int64_t fold =
      0;  // 0..4: H = deciles 2f, 2f+1; T = the next five, V = the next one, W = the next two (modulo 10)
};

/// The role of every user: users sorted by a keyed hash of their external id, cut into deciles. A pure function of
/// (seed, fold, ids).
class Roles {
 public:
  Roles(const Dataset& dataset, const RoleOptions& options);

  /// Takes a made-up user into role T; fingerprints stay those of the people of the data set. `user`: the row behind all
  /// others.
  void enrol(UserId user);

  Role of(UserId user) const { return roles_[user.value()]; }
  const std::vector<UserId>& users(Role role) const { return members_[static_cast<std::size_t>(role)]; }
  /// SHA-256 over the sorted external ids of a role: what runs and populations store and compare.
  const std::string& fingerprint(Role role) const { return fingerprints_[static_cast<std::size_t>(role)]; }
  /// Stable hashes of the external ids of a role, sorted: what lets two roles of different files be intersected.
  std::vector<std::uint64_t> member_keys(const Dataset& dataset, Role role) const;

 private:
  std::vector<Role> roles_;
  std::array<std::vector<UserId>, 4> members_;
  std::array<std::string, 4> fingerprints_;
};

/// "T", "V", "W" or "H".
std::string_view role_letter(Role role);

}  // namespace coldframe
