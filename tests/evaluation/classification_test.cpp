#include "framework/evaluation/classification.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(Classification, worked_example_counts_what_was_undefined) {
  // Class 0: 2 of 3 predicted right, 2 of 2 found. Class 1: never predicted (0/0), 0 of 1 found. Class 2: nowhere.
  const ClassificationScores scores =
      classification_scores(std::vector<std::uint32_t>{0, 0, 1}, std::vector<std::uint32_t>{0, 0, 0}, 3);
  EXPECT_DOUBLE_EQ(scores.accuracy, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(scores.classes[0].precision, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(scores.classes[0].f1, 0.8);
  EXPECT_DOUBLE_EQ(scores.macro.recall, 1.0 / 3.0);
  EXPECT_EQ(scores.undefined, 4u);  // precision of 1; precision, recall and F1 of 2
}

TEST(Classification, agrees_with_scikit_learn) {
  const nlohmann::json classification_cases = testing::golden("fairness")["classification"];
  ASSERT_FALSE(classification_cases.empty());
  for (const auto& one : classification_cases) {
    const auto actual = one["actual"].get<std::vector<std::uint32_t>>();
    const auto predicted = one["predicted"].get<std::vector<std::uint32_t>>();
    const ClassificationScores scores = classification_scores(actual, predicted, one["classes"].get<std::size_t>());
    EXPECT_NEAR(scores.accuracy, one["accuracy"].get<double>(), 1e-12);
    EXPECT_GT(scores.undefined, 0u);
    for (const auto& [name, found] : {std::pair{"micro", scores.micro}, std::pair{"macro", scores.macro}}) {
      EXPECT_NEAR(found.precision, one[name][0].get<double>(), 1e-12);
      EXPECT_NEAR(found.recall, one[name][1].get<double>(), 1e-12);
      EXPECT_NEAR(found.f1, one[name][2].get<double>(), 1e-12);
    }
    EXPECT_EQ(scores.micro.f1, scores.accuracy);
  }
}

TEST(Classification, refuses_unequal_lengths_empty_tables_and_unknown_classes) {
  const std::vector<std::uint32_t> one = {0}, two = {0, 1};
  EXPECT_THROW(classification_scores(one, two, 2), DataError);
  EXPECT_THROW(classification_scores({}, {}, 2), DataError);
  EXPECT_THROW(classification_scores(two, two, 1), DataError);
}

}  // namespace
}  // namespace coldframe
