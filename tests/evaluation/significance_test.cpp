#include "framework/evaluation/significance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

std::vector<UserKey> keys(std::size_t count) {
  std::vector<UserKey> users;
  for (std::size_t u = 0; u < count; ++u) users.emplace_back(u);
  return users;
}

TEST(SignFlip, approaches_the_exact_enumeration_on_three_units) {
  // D = 1, 2, 3: |sum| = 6 is reached by 2 of the 8 sign patterns: exact p = .25.
  EXPECT_NEAR(sign_flip_p_value(keys(3), std::vector<double>{1, 2, 3}, {19'999, 1}), 0.25, 0.01);
  // D = 1, -2, 3: |sum| = 2; of 8 patterns sums are +-6, +-4, +-2, 0, 0: |t*| >= 2 in 6 of 8.
  EXPECT_NEAR(sign_flip_p_value(keys(3), std::vector<double>{1, -2, 3}, {19'999, 1}), 0.75, 0.01);
}

TEST(SignFlip, differences_of_zero_test_nothing) {
  EXPECT_EQ(sign_flip_p_value(keys(10), std::vector<double>(10, 0.0)), 1.0);
  EXPECT_EQ(sign_flip_p_value(keys(10), std::vector<double>(10, 0.25), {999, 1}, 0.25), 1.0);
  EXPECT_EQ(sign_flip_p_value({}, {}), 1.0);
}

TEST(SignFlip, order_of_the_units_changes_nothing) {
  auto users = keys(37);
  std::vector<double> differences;
  for (std::size_t u = 0; u < users.size(); ++u) differences.push_back(std::sin(static_cast<double>(u)) + 0.2);
  const double p = sign_flip_p_value(users, differences);
  std::reverse(users.begin(), users.end());
  std::reverse(differences.begin(), differences.end());
  EXPECT_EQ(sign_flip_p_value(users, differences), p);
  EXPECT_GT(p, 1e-4);
  EXPECT_LT(p, 0.5);
}

TEST(SignFlip, rejects_at_its_level_between_exchangeable_rows_and_finds_a_planted_effect) {
  const KeyedRandom random(4, Purpose::population);
  constexpr std::uint32_t replications = 1000;
  constexpr std::size_t users = 100;
  int rejected = 0, found = 0;
  const double effect = minimum_detectable_effect(1.0, users);
  for (std::uint32_t r = 0; r < replications; ++r) {
    std::vector<double> noise, planted;
    for (std::uint64_t u = 0; u < users; ++u) {
      const PhiloxBlock words = random.block(UserKey(u), r);
      noise.push_back(standard_normals(words[0], words[1])[0]);
      planted.push_back(noise.back() + effect);
    }
    rejected += sign_flip_p_value(keys(users), noise, {999, r}) <= 0.05;
    found += sign_flip_p_value(keys(users), planted, {999, r}) <= 0.05;
  }
  EXPECT_LE(rejected, 50 + 3 * 7);  // .05 + 3 standard errors of .0069
  EXPECT_GE(rejected, 50 - 3 * 7);
  EXPECT_GE(found, 800 - 3 * 13);  // 80 % power, standard error .0126
}

TEST(SignFlip, refuses_unpaired_input) { EXPECT_THROW(sign_flip_p_value(keys(2), std::vector<double>{1}), DataError); }

TEST(Holm, steps_down_by_hand_and_keeps_the_given_order) {
  // Ascending .01, .02, .03, .04: 4 x .01 = .04, 3 x .02 = .06, 2 x .03 = .06, 1 x .04 -> .06.
  const std::vector<double> adjusted = holm_adjusted(std::vector<double>{.03, .01, .04, .02});
  const std::vector<double> expected = {.06, .04, .06, .06};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  EXPECT_EQ(holm_adjusted(std::vector<double>{.9, .8}), (std::vector<double>{1.0, 1.0}));
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(MinimumDetectableEffect, is_the_textbook_constant) {
  EXPECT_NEAR(minimum_detectable_effect(4.0, 100), std::sqrt(7.85 * 4.0 / 100), 1e-4);
}

}  // namespace
}  // namespace coldframe
