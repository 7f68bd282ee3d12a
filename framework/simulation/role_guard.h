#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/roles.h"

namespace coldframe {

/// The members of one role, as runs and populations store them.
struct RoleMembers {
  std::string owner;  // "run runs/movielens/lora", "population movielens.h5": for messages
  Role role = Role::train;
  std::string fingerprint;          // SHA-256 over the sorted external ids
  std::vector<std::uint64_t> keys;  // stable hashes of the external ids, ascending
};

RoleMembers role_members(const Dataset& data, const Roles& roles, Role role, std::string owner);

/// Both sorted, else DataError.
std::size_t people_in_common(const RoleMembers& a, const RoleMembers& b);

/// open: learners and worlds must not share people. closed_world: policies learn only from logs simulated in the world,
/// so the check only warns; the caller must say so.
enum class WorldMode { open, closed_world };

/// Throws DataError (exit 3) when any of `learned_from` (T and V of a run) shares a person with `world` (W).
void require_disjoint_roles(std::span<const RoleMembers> learned_from, const RoleMembers& world,
                            WorldMode mode = WorldMode::open);

/// Throws DataError when the world was fitted on people it is to be compared with (H). No mode lifts this.
void require_world_off_test(const RoleMembers& world, const RoleMembers& held_out);

}  // namespace coldframe
