#include "framework/data/leakage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::regular_dataset;

// Users whose histories all differ: the time of the first interaction names the user.
Dataset distinct_dataset() {
  Dataset data = regular_dataset(60, 200, 12);
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    data.interactions.timestamp[row] += 100'000 * data.interactions.user[row].value();
  }
  return data;
}

TEST(Leakage, a_proper_split_is_clean_and_described) {
  const Dataset data = distinct_dataset();
  const Roles roles(data, {});
  const auto rows = training_rows(data, roles);
  EXPECT_EQ(rows.size(), 30u * 13u);
  const LeakageReport report = check_leakage(data, roles, rows);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_EQ(report.users[static_cast<std::size_t>(Role::train)], 30u);
  EXPECT_EQ(report.interactions[static_cast<std::size_t>(Role::held_out)], 12u * 13u);
  EXPECT_EQ(report.items, 200u);
  EXPECT_GT(report.items_held_out_untrained, 0u);
  EXPECT_THAT(report.text(), ::testing::HasSubstr("strict new users: yes"));
}

TEST(Leakage, one_row_of_a_newcomer_in_training_is_found) {
  const Dataset data = distinct_dataset();
  const Roles roles(data, {});
  auto rows = training_rows(data, roles);
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    if (roles.of(data.interactions.user[row]) == Role::held_out) {
      rows.push_back(row);
      break;
    }
  }
  const LeakageReport report = check_leakage(data, roles, rows);
  EXPECT_EQ(report.foreign_rows, 1u);
  EXPECT_FALSE(report.clean());
  EXPECT_THAT(report.text(), ::testing::HasSubstr("strict new users: NO"));
}

TEST(Leakage, one_person_under_two_ids_is_found) {
  Dataset data = distinct_dataset();
  const Roles roles(data, {});
  const UserId trained = roles.users(Role::train).front();
  const UserId newcomer = roles.users(Role::held_out).front();
  std::vector<std::size_t> from, to;
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    if (data.interactions.user[row] == trained) from.push_back(row);
    if (data.interactions.user[row] == newcomer) to.push_back(row);
  }
  for (std::size_t at = 0; at < from.size(); ++at) {
    data.interactions.item[to[at]] = data.interactions.item[from[at]];
    data.interactions.timestamp[to[at]] = data.interactions.timestamp[from[at]];
  }
  sort_interactions(data);
  const LeakageReport report = check_leakage(data, roles, training_rows(data, roles));
  EXPECT_EQ(report.copied_histories, 1u);
  EXPECT_FALSE(report.clean());
}

}  // namespace
}  // namespace coldframe
