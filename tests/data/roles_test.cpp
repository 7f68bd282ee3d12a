#include "framework/data/roles.h"

#include <algorithm>
#include <set>

#include "framework/core/error.h"
#include "tests/data/expect_error.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::regular_dataset;

constexpr std::array<Role, 4> k_roles = {Role::train, Role::validate, Role::world, Role::held_out};

TEST(Roles, every_user_has_one_role_and_the_shares_are_five_one_two_two_tenths) {
  const Dataset data = regular_dataset(1000, 30, 2);
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const Roles roles(data, {.seed = 17, .fold = fold});
    EXPECT_EQ(roles.users(Role::train).size(), 500u);
    EXPECT_EQ(roles.users(Role::validate).size(), 100u);
    EXPECT_EQ(roles.users(Role::world).size(), 200u);
    EXPECT_EQ(roles.users(Role::held_out).size(), 200u);
    for (const Role role : k_roles) {
      for (const UserId user : roles.users(role)) EXPECT_EQ(roles.of(user), role);
    }
  }
}

TEST(Roles, over_five_folds_everybody_is_held_out_once_and_the_deciles_rotate) {
  const Dataset data = regular_dataset(943, 30, 2);
  std::vector<int> held_out(943, 0), trained(943, 0), validated(943, 0), world(943, 0);
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const Roles roles(data, {.seed = 17, .fold = fold});
    for (std::uint32_t user = 0; user < 943; ++user) {
      held_out[user] += roles.of(UserId(user)) == Role::held_out;
      trained[user] += roles.of(UserId(user)) == Role::train;
      validated[user] += roles.of(UserId(user)) == Role::validate;
      world[user] += roles.of(UserId(user)) == Role::world;
    }
  }
  for (std::size_t user = 0; user < 943; ++user) {
    EXPECT_EQ(held_out[user], 1);
    EXPECT_EQ(world[user], 1);
    EXPECT_TRUE(trained[user] == 2 || trained[user] == 3);
    EXPECT_EQ(trained[user] + validated[user], 3);
  }
}

// By hand for fold 1: H = deciles 2, 3; T = 4..8; V = 9; W = 0, 1. The deciles come from fold 0, where H = 0, 1.
TEST(Roles, fold_one_moves_the_roles_by_two_deciles) {
  const Dataset data = regular_dataset(500, 30, 2);
  const Roles zero(data, {.seed = 17, .fold = 0});
  const Roles one(data, {.seed = 17, .fold = 1});
  for (const UserId user : zero.users(Role::held_out)) EXPECT_EQ(one.of(user), Role::world);
  for (const UserId user : one.users(Role::held_out)) EXPECT_EQ(zero.of(user), Role::train);
  for (const UserId user : zero.users(Role::validate)) EXPECT_EQ(one.of(user), Role::train);
  for (const UserId user : one.users(Role::validate)) EXPECT_EQ(zero.of(user), Role::world);
}

TEST(Roles, depend_on_ids_and_seed_but_not_on_the_order_of_rows) {
  const Dataset data = regular_dataset(200, 30, 2);
  Dataset reversed = data;
  std::reverse(reversed.users.ids.begin(), reversed.users.ids.end());
  const Roles roles(data, {});
  const Roles again(reversed, {});
  for (std::uint32_t user = 0; user < 200; ++user) EXPECT_EQ(roles.of(UserId(user)), again.of(UserId(199 - user)));
  const Roles other(data, {.seed = 18, .fold = 0});
  for (const Role role : k_roles) {
    EXPECT_EQ(roles.fingerprint(role), again.fingerprint(role));
    EXPECT_NE(roles.fingerprint(role), other.fingerprint(role));
    EXPECT_EQ(roles.member_keys(data, role), again.member_keys(reversed, role));
  }
}

// Golden: changing it would silently deal every user anew. Regenerate by printing fingerprint() for this input.
TEST(Roles, the_deal_is_frozen) {
  const Dataset data = regular_dataset(100, 30, 2);
  const Roles roles(data, {.seed = 17, .fold = 0});
  EXPECT_EQ(roles.fingerprint(Role::held_out), "92146083a9e584dae6168dfb07330f5063a373cae2220752936db0f91dbef793");
}

TEST(Roles, few_or_no_users_are_dealt_without_failing) {
  for (const std::uint32_t users : {0u, 1u, 3u, 9u}) {
    const Dataset data = regular_dataset(users, 5, 1);
    const Roles roles(data, {});
    std::size_t all = 0;
    for (const Role role : k_roles) all += roles.users(role).size();
    EXPECT_EQ(all, users);
  }
}

TEST(Roles, a_fold_out_of_range_is_a_config_error) {
  for (const std::int64_t fold : {std::int64_t{-1}, std::int64_t{5}}) {
    testing::expect_error<ConfigError>([&] { Roles(regular_dataset(10, 5, 1), {.seed = 17, .fold = fold}); },
                                       {"data.fold = " + std::to_string(fold), "0 to 4"});
  }
}

}  // namespace
}  // namespace coldframe
