#include "framework/evaluation/auc.h"

#include <gtest/gtest.h>

#include <limits>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(Auc, counts_ties_as_one_half) {
  // Pairs (positive, negative): (.9,.1) won, (.9,.5) won, (.5,.1) won, (.5,.5) tied: 3.5 of 4.
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>{.9f, .5f, .5f, .1f}, std::vector<std::uint8_t>{1, 1, 0, 0}), 0.875);
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>(6, 2.0f), std::vector<std::uint8_t>{1, 0, 0, 1, 0, 0}), 0.5);
}

TEST(Auc, needs_both_classes_and_numbers) {
  EXPECT_FALSE(auc(std::vector<float>{1, 2}, std::vector<std::uint8_t>{1, 1}));
  EXPECT_FALSE(auc(std::vector<float>{1, 2}, std::vector<std::uint8_t>{0, 0}));
  EXPECT_FALSE(auc({}, {}));
  EXPECT_THROW(auc(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}, std::vector<std::uint8_t>{1, 0}),
               NumericError);
  EXPECT_THROW(auc(std::vector<float>{1, 2}, std::vector<std::uint8_t>{1}), DataError);
}

TEST(Auc, agrees_with_scikit_learn) {
  const nlohmann::json golden = testing::golden("evaluation")["auc"];
  ASSERT_FALSE(golden.empty());
  for (const auto& one : golden) {
    EXPECT_NEAR(*auc(one["scores"].get<std::vector<float>>(), one["labels"].get<std::vector<std::uint8_t>>()),
                one["auc"].get<double>(), 1e-12);
  }
}

TEST(GroupedAuc, weighs_users_by_positives_and_counts_those_left_out) {
  GroupedAuc grouped;
  EXPECT_FALSE(grouped.value());
  grouped.add_user(std::vector<float>{2, 1}, std::vector<std::uint8_t>{1, 0});        // AUC 1, weight 1
  grouped.add_user(std::vector<float>{1, 2, 3}, std::vector<std::uint8_t>{1, 1, 0});  // AUC 0, weight 2
  grouped.add_user(std::vector<float>{1, 2, 3}, std::vector<std::uint8_t>{1, 1, 1});  // left out
  EXPECT_DOUBLE_EQ(*grouped.value(), 1.0 / 3.0);
  EXPECT_EQ(grouped.users(), 2u);
  EXPECT_EQ(grouped.left_out(), 1u);
}

}  // namespace
}  // namespace coldframe
