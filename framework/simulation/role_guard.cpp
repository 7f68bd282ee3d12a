#include "framework/simulation/role_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/log.h"

namespace coldframe {
namespace {

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

std::size_t people_in_common(const RoleMembers& a, const RoleMembers& b) {
  expect_sorted(a);
  expect_sorted(b);
  std::vector<std::uint64_t> shared;
  std::set_intersection(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), std::back_inserter(shared));
  return shared.size();
}

void require_disjoint_roles(std::span<const RoleMembers> learned_from, const RoleMembers& world, WorldMode mode) {
  for (const RoleMembers& members : learned_from) {
    const std::size_t shared = people_in_common(members, world);
    if (shared == 0) continue;
    if (mode == WorldMode::closed_world) {
      log_warning(
          "{} learned from {} people of the world, though simulation.roles = closed_world is for what learned "
          "from simulated logs: what it remembers of them counts in its favour",
          members.owner, shared);
      continue;
    }
    throw DataError(
        fmt::format("{} learned from {} people of the world of {}", members.owner, shared, world.owner),
        fmt::format("its role {} meets role {}: the ground truth would know the answer", role_letter(members.role),
                    role_letter(world.role)),
        "use run and population of the same data.role_seed and data.fold, or simulation.roles = closed_world");
  }
}

void require_world_off_test(const RoleMembers& world, const RoleMembers& held_out) {
  const std::size_t shared = people_in_common(world, held_out);
  if (shared == 0) return;
  throw DataError(fmt::format("the world of {} was fitted on {} people of the test role of {}", world.owner, shared,
                              held_out.owner),
                  "role W meets role H", "use the same data.role_seed and data.fold for both");
}

}  // namespace coldframe
