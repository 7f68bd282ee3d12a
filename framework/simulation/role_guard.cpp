#include "framework/simulation/role_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

std::size_t shared_people(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::vector<std::uint64_t> shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return shared.size();
}

void expect_sorted(const RoleMembers& members) {
  if (!std::is_sorted(members.keys.begin(), members.keys.end())) {
    throw DataError(fmt::format("role {} of {}", role_letter(members.role), members.owner),
                    "its member keys are not ascending", "write it again");
  }
}

}  // namespace

RoleMembers role_members(const Dataset& data, const Roles& roles, Role role, std::string owner) {
  return {std::move(owner), role, roles.fingerprint(role), roles.member_keys(data, role)};
}

void require_disjoint_roles(std::span<const RoleMembers> learned_from, const RoleMembers& world, WorldMode mode) {
  if (mode == WorldMode::closed_world) return;
  expect_sorted(world);
  for (const RoleMembers& members : learned_from) {
    expect_sorted(members);
    const std::size_t shared = shared_people(members.keys, world.keys);
    if (shared == 0) continue;
    throw DataError(
        fmt::format("{} learned from {} people of the world of {}", members.owner, shared, world.owner),
        fmt::format("its role {} meets role {}: the ground truth would know the answer", role_letter(members.role),
                    role_letter(world.role)),
        "use run and population of the same data.role_seed and data.fold, or simulation.roles = closed_world");
  }
}

void require_world_off_test(const RoleMembers& world, const RoleMembers& held_out) {
  expect_sorted(world);
  expect_sorted(held_out);
  const std::size_t shared = shared_people(world.keys, held_out.keys);
  if (shared == 0) return;
  throw DataError(fmt::format("the world of {} was fitted on {} people of the test role of {}", world.owner, shared,
                              held_out.owner),
                  "role W meets role H", "use the same data.role_seed and data.fold for both");
}

}  // namespace coldframe
