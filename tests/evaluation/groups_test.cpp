#include "framework/evaluation/groups.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

std::vector<std::string> labels(std::size_t f, std::size_t m, std::size_t none) {
  std::vector<std::string> all(f, "F");
  all.insert(all.end(), m, "M");
  all.insert(all.end(), none, "");
  return all;
}

TEST(Groups, are_ordered_by_label_and_count_who_has_no_value) {
  const Groups groups("gender", labels(3, 2, 1));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups.label(0), "F");
  EXPECT_EQ(groups.members(0), 3u);
  EXPECT_EQ(groups.members(1), 2u);
  EXPECT_EQ(groups.without_value(), 1u);
  EXPECT_EQ(groups.of()[5], Groups::k_none);
}

TEST(Groups, need_fifty_users_for_a_gap_and_thirty_for_a_number) {
  const Groups groups("gender", labels(50, 49, 0));
  EXPECT_EQ(groups.size_of(0, {}), GroupSize::enough);
  EXPECT_EQ(groups.size_of(1, {}), GroupSize::shown_only);
  EXPECT_EQ(Groups("gender", labels(29, 30, 0)).size_of(0, {}), GroupSize::too_few);
  EXPECT_EQ(Groups("gender", labels(29, 30, 0)).size_of(1, {}), GroupSize::shown_only);
  EXPECT_EQ(groups.large_enough({}), std::vector<std::size_t>{0});
  EXPECT_EQ(to_string(GroupSize::too_few), "too few");
}

TEST(Groups, cross_to_intersections_and_leave_out_who_misses_one_value) {
  const Groups a("gender", std::vector<std::string>{"F", "F", "M", ""});
  const Groups b("age", std::vector<std::string>{"old", "young", "old", "old"});
  const Groups crossed = Groups::crossed(a, b);
  EXPECT_EQ(crossed.name(), "gender x age");
  ASSERT_EQ(crossed.size(), 3u);
  EXPECT_EQ(crossed.label(0), "F x old");
  EXPECT_EQ(crossed.label(2), "M x old");
  EXPECT_EQ(crossed.of()[3], Groups::k_none);
  EXPECT_THROW(Groups::crossed(a, Groups("one", std::vector<std::string>{"x"})), DataError);
}

TEST(RankStrata, are_of_about_equal_size_and_never_split_equal_counts) {
  EXPECT_EQ(rank_strata(std::vector<std::uint64_t>{7, 1, 5, 3}, 2), (std::vector<std::uint32_t>{1, 0, 1, 0}));
  EXPECT_EQ(rank_strata(std::vector<std::uint64_t>{2, 2, 2, 9}, 4), (std::vector<std::uint32_t>{0, 0, 0, 3}));
  EXPECT_THROW(rank_strata(std::vector<std::uint64_t>{1}, 0), ConfigError);
}

}  // namespace
}  // namespace coldframe
