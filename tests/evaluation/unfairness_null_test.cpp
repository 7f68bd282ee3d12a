#include "framework/evaluation/unfairness_null.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// Users with predictions about most of the items. The group's predictions are too low by `bias`, and users of stratum
/// 1 are all served worse by `stratum_bias`.
struct People {
  RatedUsers rated;
  std::vector<double> predicted;
  std::vector<Side> sides;
  std::vector<std::uint32_t> strata;

  People(std::size_t users, std::size_t items, std::uint64_t seed, double bias, double stratum_bias = 0.0,
         double share_in_stratum = 0.5) {
    const KeyedRandom random(seed, Purpose::population);
    for (std::size_t u = 0; u < users; ++u) {
      const std::uint32_t stratum = u % 2;
      const double share = stratum == 0 ? share_in_stratum : 1.0 - share_in_stratum;
      const bool group = uniform_double(random.block(UserKey(u), 1)[0]) < share;
      rated.users.emplace_back(1000 + 7 * ((u * 13) % users));
      strata.push_back(stratum);
      sides.push_back(group ? Side::group : Side::rest);
      for (std::uint32_t i = 0; i < items; ++i) {
        const PhiloxBlock words = random.block(UserKey(u), 0, 0, i);
        if (uniform_double(words[0]) < 0.1) continue;
        const double p = 0.5 * uniform_double(words[1]);
        rated.items.push_back(3 * i);
        rated.ratings.push_back(uniform_double(words[2]) < p ? 1.0 : 0.0);
        predicted.push_back(p - (group ? bias : 0.0) - stratum_bias * stratum);
      }
      rated.ends.push_back(rated.items.size());
    }
  }
  std::optional<UnfairnessNull> null(std::size_t permutations = 199, std::uint64_t seed = 1) const {
    return rating_unfairness_null(rated, predicted, sides, strata, {permutations, seed});
  }
};

TEST(UnfairnessNull, finds_what_the_formulas_of_yao_and_huang_say) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    People people(23, 11, seed, 0.1);
    people.sides[4] = Side::neither;
    std::vector<RatedPair> pairs;
    for (std::size_t u = 0, pair = 0; u < people.rated.users.size(); ++u) {
      for (; pair < people.rated.ends[u]; ++pair) {
        if (people.sides[u] == Side::neither) continue;
        pairs.push_back({people.rated.items[pair], static_cast<std::uint8_t>(people.sides[u] == Side::group),
                         people.predicted[pair], people.rated.ratings[pair]});
      }
    }
    const auto expected = rating_unfairness(pairs, ScoreScale::calibrated);
    const auto found = people.null(9);
    ASSERT_TRUE(expected && found);
    EXPECT_EQ(found->found.items, expected->items);
    EXPECT_EQ(found->found.items_left_out, expected->items_left_out);
    EXPECT_NEAR(found->found.value, expected->value, 1e-12);
    EXPECT_NEAR(found->found.absolute, expected->absolute, 1e-12);
    EXPECT_NEAR(found->found.under, expected->under, 1e-12);
    EXPECT_NEAR(found->found.over, expected->over, 1e-12);
    EXPECT_NEAR(found->found.non_parity, expected->non_parity, 1e-12);
  }
}

TEST(UnfairnessNull, approaches_the_exact_enumeration_of_labels) {
  // One item, errors 0, 1, 2, 4 with sides g g r r: |.5 - 3| = 2.5; over the six ways to choose the group the value is
  // 2.5, 1.5 and .5, twice each: p = 1/3, as for the gap of these numbers.
  RatedUsers rated{{UserKey(4), UserKey(9), UserKey(2), UserKey(11)}, {1, 2, 3, 4}, {5, 5, 5, 5}, {0, 0, 0, 0}};
  const std::vector<Side> sides = {Side::group, Side::group, Side::rest, Side::rest};
  const std::vector<double> predicted = {0, 1, 2, 4};
  const auto found = rating_unfairness_null(rated, predicted, sides, std::vector<std::uint32_t>(4, 0), {4000, 3});
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->found.value, 2.5);
  EXPECT_DOUBLE_EQ(found->found.over, 2.5);
  EXPECT_DOUBLE_EQ(found->found.under, 0.0);
  EXPECT_DOUBLE_EQ(found->null_95.value, 2.5);
  EXPECT_NEAR(found->p_value, 1.0 / 3.0, 0.03);
}

TEST(UnfairnessNull, is_a_function_of_keys_and_not_of_rows) {
  const People people(40, 9, 3, 0.1);
  RatedUsers turned;
  std::vector<double> predicted;
  std::vector<Side> sides(people.sides.rbegin(), people.sides.rend());
  std::vector<std::uint32_t> strata(people.strata.rbegin(), people.strata.rend());
  for (std::size_t u = people.rated.users.size(); u-- > 0;) {
    turned.users.push_back(people.rated.users[u]);
    for (std::size_t pair = u == 0 ? 0 : people.rated.ends[u - 1]; pair < people.rated.ends[u]; ++pair) {
      turned.items.push_back(people.rated.items[pair]);
      turned.ratings.push_back(people.rated.ratings[pair]);
      predicted.push_back(people.predicted[pair]);
    }
    turned.ends.push_back(turned.items.size());
  }
  const auto one = people.null(), other = rating_unfairness_null(turned, predicted, sides, strata, {199, 1});
  EXPECT_EQ(one->found.value, other->found.value);
  EXPECT_EQ(one->null_95.value, other->null_95.value);
  EXPECT_EQ(one->p_value, other->p_value);
}

TEST(UnfairnessNull, rejects_at_its_level_under_confounding_by_history_and_finds_what_was_planted) {
  // Group members sit mostly in stratum 0; predictions are wrong in stratum 1, whoever is there.
  constexpr int replications = 300;
  int rejected = 0, without_strata = 0, found = 0;
  for (std::uint64_t r = 0; r < replications; ++r) {
    People even(60, 6, r, 0.0, 0.4, 0.8);
    rejected += even.null(99, r)->p_value <= 0.05;
    std::ranges::fill(even.strata, 0u);
    without_strata += even.null(99, r)->p_value <= 0.05;
    found += People(60, 6, r, 0.25).null(99, r)->p_value <= 0.05;
  }
  EXPECT_LE(rejected, replications * (0.05 + 3 * std::sqrt(0.05 * 0.95 / replications)));
  EXPECT_GT(without_strata, replications / 2) << "strata must matter here, or the test shows nothing";
  EXPECT_GE(found, 0.8 * replications);
}

TEST(UnfairnessNull, needs_both_sides_and_what_belongs_to_every_user) {
  People people(12, 4, 1, 0.0);
  std::ranges::fill(people.sides, Side::group);
  EXPECT_FALSE(people.null());
  people.sides.pop_back();
  EXPECT_THROW(people.null(), DataError);
  EXPECT_THROW(People(12, 4, 1, 0.0).null(0), ConfigError);
  EXPECT_FALSE(rating_unfairness_null({}, {}, {}, {}));
}

}  // namespace
}  // namespace coldframe
