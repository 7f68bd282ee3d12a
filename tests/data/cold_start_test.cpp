#include "framework/data/cold_start.h"

#include "framework/core/error.h"
#include "tests/data/expect_error.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::regular_dataset;

// User u likes items 7u .. 7u+11 in this order: ten for the history, two to be found.
TEST(ColdStart, histories_grow_from_the_oldest_and_targets_stay) {
  const Dataset data = regular_dataset(3, 40, 12);
  const Likes likes(data, {});
  const std::vector<UserId> users = {UserId(2), UserId(0)};
  const ColdStartCases cases = make_cold_start_cases(likes, users);
  ASSERT_EQ(cases.users.size(), 2u);
  const ColdStartUser& user = cases.users.front();
  EXPECT_EQ(user.user, UserId(2));
  EXPECT_EQ(user.targets, (std::vector<ItemId>{ItemId(24), ItemId(25)}));
  EXPECT_EQ(user.support.size(), 10u);
  EXPECT_TRUE(ColdStartCases::history(user, 0).empty());
  const auto three = ColdStartCases::history(user, 3);
  EXPECT_EQ((std::vector<ItemId>{three.begin(), three.end()}),
            (std::vector<ItemId>{ItemId(14), ItemId(15), ItemId(16)}));
  EXPECT_EQ(ColdStartCases::history(user, 99).size(), 10u);
  EXPECT_TRUE(cases.ordered_by_time);
}

TEST(ColdStart, users_with_ten_likes_are_left_out_and_counted_those_with_eleven_stay) {
  const std::vector<UserId> users = {UserId(0), UserId(1)};
  const Dataset ten = regular_dataset(2, 40, 10);
  const Dataset eleven = regular_dataset(2, 40, 11);
  EXPECT_EQ(make_cold_start_cases(Likes(ten, {}), users).left_out, 2u);
  EXPECT_TRUE(make_cold_start_cases(Likes(ten, {}), users).users.empty());
  EXPECT_EQ(make_cold_start_cases(Likes(eleven, {}), users).left_out, 0u);
  EXPECT_EQ(make_cold_start_cases(Likes(eleven, {}), users).users[0].targets.size(), 1u);
}

TEST(ColdStart, data_without_times_are_flagged) {
  Dataset data = regular_dataset(2, 40, 12);
  data.interactions.timestamp.clear();
  sort_interactions(data);
  const std::vector<UserId> users = {UserId(0)};
  EXPECT_FALSE(make_cold_start_cases(Likes(data, {}), users).ordered_by_time);
}

TEST(ColdStart, a_history_longer_than_the_mask_is_refused) {
  const Dataset data = regular_dataset(2, 40, 12);
  const Likes likes(data, {});
  testing::expect_error<ConfigError>(
      [&] {
        make_cold_start_cases(likes, {}, {.shots = {0, 11}, .masked = 10});
      },
      {"history of 11 likes", "first 10"});
}

}  // namespace
}  // namespace coldframe
