#include "framework/data/new_items.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::regular_dataset;

TEST(NewItems, have_the_share_asked_for_and_smaller_shares_are_inside_larger_ones) {
  const Dataset data = regular_dataset(20, 4000, 2);
  const std::vector<bool> few = choose_new_items(data, 0.1, 17), many = choose_new_items(data, 0.3, 17);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(few, true)), 400, 4 * 19);  // sd of 4000 coins of 0.1: 19
  EXPECT_NEAR(static_cast<double>(std::ranges::count(many, true)), 1200, 4 * 29);
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_TRUE(!few[i] || many[i]);
  EXPECT_NE(few, choose_new_items(data, 0.1, 18));
  EXPECT_TRUE(choose_new_items(data, 0, 17).empty());
}

TEST(NewItems, follow_the_external_ids_and_not_the_rows) {
  Dataset data = regular_dataset(20, 50, 2);
  const std::vector<bool> before = choose_new_items(data, 0.4, 17);
  std::ranges::reverse(data.items.ids);
  std::vector<bool> after = choose_new_items(data, 0.4, 17);
  std::reverse(after.begin(), after.end());
  EXPECT_EQ(before, after);
}

TEST(NewItems, are_unknown_to_those_who_learn_and_to_nobody_else) {
  Dataset data = regular_dataset(200, 30, 6);
  const Roles roles(data, {.seed = 17, .fold = 0});
  const std::vector<bool> fresh = choose_new_items(data, 0.3, 17);
  const Interactions before = data.interactions;
  const auto withheld = [&](std::size_t row) {
    const Role role = roles.of(before.user[row]);
    return fresh[before.item[row].value()] && (role == Role::train || role == Role::validate);
  };
  const std::size_t dropped = withhold_new_items(data, roles, fresh);
  EXPECT_GT(dropped, 0u);
  std::size_t at = 0;
  for (std::size_t row = 0; row < before.size(); ++row) {
    if (withheld(row)) continue;
    ASSERT_LT(at, data.interactions.size());
    EXPECT_EQ(data.interactions.user[at], before.user[row]);
    EXPECT_EQ(data.interactions.item[at], before.item[row]);
    if (!before.rating.empty()) {
      EXPECT_EQ(data.interactions.rating[at], before.rating[row]);
    }
    if (!before.timestamp.empty()) {
      EXPECT_EQ(data.interactions.timestamp[at], before.timestamp[row]);
    }
    ++at;
  }
  EXPECT_EQ(at, data.interactions.size());
  EXPECT_EQ(at + dropped, before.size());
  check_dataset(data);
  EXPECT_EQ(withhold_new_items(data, roles, {}), 0u);
}

}  // namespace
}  // namespace coldframe
