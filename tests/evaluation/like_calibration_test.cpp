#include "framework/evaluation/like_calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

constexpr std::size_t k_first[] = {0}, k_both[] = {0, 1};

LikePairs golden_pairs(const nlohmann::json& golden) {
  LikePairs pairs;
  pairs.width = 2;
  pairs.features = golden["features"].get<std::vector<double>>();
  pairs.likes = golden["likes"].get<std::vector<std::uint8_t>>();
  for (std::size_t pair = 0; pair < pairs.size(); ++pair) pairs.pairs.emplace_back(pair);
  pairs.users = {UserKey(1), UserKey(2)};
  pairs.ends = {pairs.size() / 3, pairs.size()};
  return pairs;
}

TEST(LikeHead, agrees_with_scikit_learn) {
  const auto golden = testing::golden("labels")["like_head"];
  const LikePairs pairs = golden_pairs(golden);
  for (const auto& [name, features] : {std::pair{"first", std::span<const std::size_t>(k_first)},
                                       std::pair{"both", std::span<const std::size_t>(k_both)}}) {
    const auto head = fit_like_head(pairs, features);
    ASSERT_TRUE(head);
    const std::vector<double> p = like_probabilities(pairs, features, *head);
    const auto expected = golden[name]["p"].get<std::vector<double>>();
    for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], expected[i], 1e-5) << name << " " << i;
    EXPECT_NEAR(log_loss(p, pairs.likes), golden[name]["log_loss"].get<double>(), 1e-8) << name;
  }
}

TEST(LikeHead, without_a_feature_is_the_share_of_likes_and_needs_both_outcomes) {
  LikePairs pairs = golden_pairs(testing::golden("labels")["like_head"]);
  const auto head = fit_like_head(pairs, {});
  ASSERT_TRUE(head);
  const double share = like_probabilities(pairs, {}, *head).front();
  EXPECT_NEAR(share, static_cast<double>(std::ranges::count(pairs.likes, 1)) / 240.0, 1e-9);
  std::ranges::fill(pairs.likes, std::uint8_t{0});
  EXPECT_FALSE(fit_like_head(pairs, k_both));
}

TEST(LikeCalibration, is_per_newcomer_and_over_all_pairs) {
  // Newcomer 1 has pairs (.5, liked), (.25, not); newcomer 2 has (.5, not).
  LikePairs pairs;
  pairs.users = {UserKey(1), UserKey(2)};
  pairs.ends = {2, 3};
  pairs.likes = {1, 0, 0};
  pairs.pairs = {UserKey(11), UserKey(12), UserKey(21)};
  const LikeCalibration found = like_calibration(pairs, std::vector<double>{0.5, 0.25, 0.5}, 1);
  EXPECT_NEAR(found.log_loss[0], -(std::log(0.5) + std::log(0.75)) / 2, 1e-15);
  EXPECT_NEAR(found.log_loss[1], -std::log(0.5), 1e-15);
  EXPECT_NEAR(found.brier[0], (0.25 + 0.0625) / 2, 1e-15);
  EXPECT_EQ(found.expected, (std::vector<double>{0.75, 0.5}));
  EXPECT_EQ(found.likes, (std::vector<double>{1, 0}));
  EXPECT_NEAR(found.error.signed_sum, (0.5 + 0.25 + 0.5 - 1.0) / 3, 1e-15);
  EXPECT_THROW(like_calibration(pairs, std::vector<double>{0.5}, 1), DataError);
}

TEST(LikeCalibration, of_the_true_law_looks_like_its_null_and_of_a_wrong_one_does_not) {
  const KeyedRandom random(4, Purpose::population);
  LikePairs pairs;
  std::vector<double> truth, wrong;
  for (std::uint64_t pair = 0; pair < 20000; ++pair) {
    const PhiloxBlock words = random.block(UserKey(pair));
    truth.push_back(0.1 * uniform_double(words[0]));
    wrong.push_back(0.05 + truth.back());
    pairs.likes.push_back(uniform_double(words[1]) < truth.back() ? 1 : 0);
    pairs.pairs.emplace_back(pair);
  }
  pairs.users = {UserKey(1)};
  pairs.ends = {20000};
  const LikeCalibration right = like_calibration(pairs, truth, 1), off = like_calibration(pairs, wrong, 1);
  EXPECT_NEAR(right.error.expected, right.null_error, 0.003);
  EXPECT_NEAR(right.line->slope, 1.0, 0.1);
  EXPECT_NEAR(off.error.expected, 0.05, 0.003);
  EXPECT_GT(off.expected[0] / off.likes[0], 1.8);
}

}  // namespace
}  // namespace coldframe
