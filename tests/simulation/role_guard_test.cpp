#include "framework/simulation/role_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

const RoleMembers k_world{"population w.h5", Role::world, "", {10, 20, 30}};

TEST(RoleGuard, refuses_a_run_that_learned_from_people_of_the_world) {
  const std::vector<RoleMembers> run = {{"run lora", Role::train, "", {1, 2, 3}},
                                        {"run lora", Role::validate, "", {4, 20, 30}}};
  try {
    require_disjoint_roles(run, k_world);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::data);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("run lora"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("2 people"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("role V"));
  }
}

TEST(RoleGuard, accepts_disjoint_roles_and_the_closed_world) {
  const std::vector<RoleMembers> apart = {{"run", Role::train, "", {1, 2, 3}}};
  const std::vector<RoleMembers> same = {{"run", Role::train, "", {10}}};
  EXPECT_NO_THROW(require_disjoint_roles(apart, k_world));
  EXPECT_NO_THROW(require_disjoint_roles(same, k_world, WorldMode::closed_world));
}

TEST(RoleGuard, a_world_fitted_on_test_people_is_refused) {
  EXPECT_THROW(require_world_off_test(k_world, {"run", Role::held_out, "", {30}}), DataError);
  EXPECT_NO_THROW(require_world_off_test(k_world, {"run", Role::held_out, "", {31}}));
}

TEST(RoleGuard, unsorted_keys_are_damage_and_never_silently_disjoint) {
  EXPECT_THROW(require_disjoint_roles(std::vector<RoleMembers>{{"run", Role::train, "", {30, 1}}}, k_world), DataError);
}

TEST(RoleGuard, works_on_roles_dealt_from_data) {
  const Dataset data = invented_dataset(60, 12, 1);
  const Roles roles(data, RoleOptions{});
  const std::vector<RoleMembers> run = {role_members(data, roles, Role::train, "run"),
                                        role_members(data, roles, Role::validate, "run")};
  const RoleMembers world = role_members(data, roles, Role::world, "population");
  EXPECT_NO_THROW(require_disjoint_roles(run, world));
  RoleOptions other;
  other.fold = 2;  // its W are deciles 2 and 3, which fold 0 trains on
  const Roles turned(data, other);
  EXPECT_THROW(require_disjoint_roles(run, role_members(data, turned, Role::world, "population")), DataError);
}

}  // namespace
}  // namespace coldframe
