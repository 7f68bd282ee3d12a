#include "framework/evaluation/gap_null.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

constexpr GapNullOptions k_small{.permutations = 4000, .seed = 3, .sizes = {.gap = 2, .shown = 2}};

/// Users of two groups in turn, with a utility that depends on the length of their history.
struct Population {
  std::vector<UserKey> keys;
  std::vector<double> values;
  std::vector<std::string> labels;
  std::vector<std::uint32_t> strata;

  Population(std::size_t users, std::uint64_t seed, double group_effect, double stratum_effect,
             double share_in_stratum) {
    const KeyedRandom random(seed, Purpose::population);
    for (std::size_t u = 0; u < users; ++u) {
      const PhiloxBlock words = random.block(UserKey(u));
      const std::uint32_t stratum = u % 2;
      const bool in_a = uniform_double(words[2]) < (stratum == 0 ? share_in_stratum : 1.0 - share_in_stratum);
      keys.emplace_back(1000 + 7 * u);
      labels.push_back(in_a ? "a" : "b");
      strata.push_back(stratum);
      values.push_back(standard_normals(words[0], words[1])[0] + (in_a ? group_effect : 0) + stratum_effect * stratum);
    }
  }
  Groups groups() const { return Groups("group", labels); }
};

TEST(GroupGapNull, approaches_the_exact_enumeration_of_labels) {
  // Values 0, 1, 2, 4 with labels a a b b: means .5 and 3, gap 2.5. Over the six ways to choose the a's the gap is 2.5
  // (twice), 1.5 (twice) and .5 (twice): null mean 1.5, p = 1/3.
  const std::vector<UserKey> keys = {UserKey(4), UserKey(9), UserKey(2), UserKey(11)};
  const Groups groups("g", std::vector<std::string>{"a", "a", "b", "b"});
  const auto null =
      group_gap_null(keys, std::vector<double>{0, 1, 2, 4}, groups, std::vector<std::uint32_t>(4, 0), k_small);
  ASSERT_TRUE(null);
  EXPECT_DOUBLE_EQ(null->gap, 2.5);
  EXPECT_NEAR(null->null_mean, 1.5, 0.05);
  EXPECT_EQ(null->null_95, 2.5);
  EXPECT_NEAR(null->p_value, 1.0 / 3.0, 0.03);
}

TEST(GroupGapNull, keeps_labels_within_their_stratum) {
  // One a and one b in each stratum; the difference between strata is large, that within is 1. Within strata the gap
  // can only be 1 (both the same way) or 0; without strata it reaches 100.
  const std::vector<UserKey> keys = {UserKey(1), UserKey(2), UserKey(3), UserKey(4)};
  const Groups groups("g", std::vector<std::string>{"a", "b", "a", "b"});
  const std::vector<double> values = {0, 1, 100, 101};
  const auto within = group_gap_null(keys, values, groups, std::vector<std::uint32_t>{0, 0, 1, 1}, k_small);
  const auto without = group_gap_null(keys, values, groups, std::vector<std::uint32_t>(4, 0), k_small);
  EXPECT_DOUBLE_EQ(within->gap, 1.0);
  EXPECT_EQ(within->null_95, 1.0);
  EXPECT_NEAR(within->null_mean, 0.5, 0.05);
  EXPECT_GT(without->null_95, 99.0);
}

TEST(GroupGapNull, is_a_function_of_keys_and_not_of_rows) {
  Population people(60, 5, 0.3, 0.5, 0.5);
  const auto before = group_gap_null(people.keys, people.values, people.groups(), people.strata, k_small);
  std::reverse(people.keys.begin(), people.keys.end());
  std::reverse(people.values.begin(), people.values.end());
  std::reverse(people.labels.begin(), people.labels.end());
  std::reverse(people.strata.begin(), people.strata.end());
  const auto after = group_gap_null(people.keys, people.values, people.groups(), people.strata, k_small);
  EXPECT_EQ(before->gap, after->gap);
  EXPECT_EQ(before->null_mean, after->null_mean);
  EXPECT_EQ(before->p_value, after->p_value);
}

TEST(GroupGapNull, rejects_at_its_level_under_confounding_by_history) {
  // Group a sits mostly in the stratum of small values: its mean is lower, though group membership does nothing.
  constexpr int replications = 400;
  int rejected = 0, rejected_without_strata = 0;
  for (std::uint64_t r = 0; r < replications; ++r) {
    const GapNullOptions options{.permutations = 199, .seed = r, .sizes = {.gap = 10, .shown = 10}};
    const Population null(120, r, 0.0, 1.5, 0.75);
    const std::vector<std::uint32_t> one(120, 0);
    rejected += group_gap_null(null.keys, null.values, null.groups(), null.strata, options)->p_value <= 0.05;
    rejected_without_strata += group_gap_null(null.keys, null.values, null.groups(), one, options)->p_value <= 0.05;
  }
  EXPECT_LE(rejected, replications * (0.05 + 3 * std::sqrt(0.05 * 0.95 / replications)));
  EXPECT_GT(rejected_without_strata, replications / 2) << "strata must matter here, or the test shows nothing";
}

TEST(GroupGapNull, finds_a_planted_gap_in_most_samples) {
  int found = 0;
  for (std::uint64_t r = 0; r < 200; ++r) {
    const Population planted(120, r, 0.7, 0.0, 0.5);
    const GapNullOptions options{.permutations = 199, .seed = r, .sizes = {.gap = 10, .shown = 10}};
    found += group_gap_null(planted.keys, planted.values, planted.groups(), planted.strata, options)->p_value <= 0.05;
  }
  EXPECT_GE(found, 160);
}

TEST(GapDifferenceNull, approaches_the_exact_enumeration_of_swaps) {
  // One user per group. First: 0 and 3 (gap 3); second: 1 and 1 (gap 0). Swaps: none 3 - 0, both 0 - 3, only the first
  // user |1 - 3| - |0 - 1| = 1, only the second user |0 - 1| - |1 - 3| = -1: |difference| >= 3 in half of them.
  const std::vector<UserKey> keys = {UserKey(5), UserKey(6)};
  const Groups groups("g", std::vector<std::string>{"a", "b"});
  const GapNullOptions options{.permutations = 4000, .seed = 2, .sizes = {.gap = 1, .shown = 1}};
  const auto null = gap_difference_null(keys, std::vector<double>{0, 3}, std::vector<double>{1, 1}, groups, options);
  ASSERT_TRUE(null);
  EXPECT_DOUBLE_EQ(null->gap, 3.0);
  EXPECT_NEAR(null->p_value, 0.5, 0.03);
  EXPECT_NEAR(null->null_mean, 2.0, 0.05);
  const auto negative =
      gap_difference_null(keys, std::vector<double>{1, 1}, std::vector<double>{0, 3}, groups, options);
  EXPECT_DOUBLE_EQ(negative->gap, -3.0);
  EXPECT_NEAR(negative->p_value, 0.5, 0.03) << "the test is two-sided";
}

TEST(GapNull, needs_two_groups_of_enough_users_and_one_entry_per_member) {
  const Population people(60, 1, 0, 0, 0.5);
  EXPECT_FALSE(group_gap_null(people.keys, people.values, people.groups(), people.strata))
      << "fewer than 50 in a group";
  EXPECT_FALSE(gap_difference_null(people.keys, people.values, people.values, people.groups()));
  EXPECT_THROW(group_gap_null(people.keys, std::vector<double>{1}, people.groups(), people.strata), DataError);
  EXPECT_THROW(group_gap_null(people.keys, people.values, people.groups(), {}), DataError);
  EXPECT_THROW(group_gap_null(people.keys, people.values, people.groups(), people.strata,
                              {.permutations = 0, .seed = 1, .sizes = {}}),
               ConfigError);
}

}  // namespace
}  // namespace coldframe
