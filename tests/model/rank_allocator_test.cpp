#include "framework/model/rank_allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace coldframe {
namespace {

using testing::ElementsAre;

TEST(RankScheduleTest, the_budget_falls_as_a_cube_between_two_plateaus) {
  const RankSchedule schedule{.initial = 24, .target = 8, .first_steps = 2, .final_steps = 3, .every = 2, .steps = 12};
  EXPECT_EQ(schedule.last_choice(), 9);
  EXPECT_EQ(schedule.budget(1), 24);
  EXPECT_EQ(schedule.budget(2), 24);
  EXPECT_EQ(schedule.budget(5), 10);  // 16 (4/7)^3 + 8 = 10.99
  EXPECT_EQ(schedule.budget(8), 8);   // 16 (1/7)^3 + 8 = 8.05
  EXPECT_EQ(schedule.budget(9), 8);
  EXPECT_EQ(schedule.budget(12), 8);
  std::vector<std::int64_t> choices;
  for (std::int64_t step = 1; step <= 12; ++step) {
    if (schedule.chooses(step)) choices.push_back(step);
  }
  EXPECT_THAT(choices, ElementsAre(4, 6, 8, 9));
}

TEST(ElementImportanceTest, smooths_sensitivity_and_uncertainty_as_the_paper_says) {
  ElementImportance importance(1);
  const std::array<float, 1> w = {-2.0f}, first = {3.0f}, second = {0.5f};
  importance.update(w, first, 1.0f, 0.75, 0.5);
  // I = 6, I' = .25 * 6 = 1.5, U' = .5 * |6 - 1.5| = 2.25.
  EXPECT_FLOAT_EQ(importance.score(0), 1.5f * 2.25f);
  importance.update(w, second, 2.0f, 0.75, 0.5);
  // I = 2, I' = .75 * 1.5 + .25 * 2 = 1.625, U' = .5 * 2.25 + .5 * |2 - 1.625| = 1.3125.
  EXPECT_FLOAT_EQ(importance.score(0), 1.625f * 1.3125f);
  importance.reset();
  EXPECT_EQ(importance.score(0), 0.0f);
}

TEST(TripletScoresTest, add_the_value_to_the_means_of_row_and_column) {
  ElementImportance q(4), e(2), p(6);  // rank 2, in 2, out 3
  const std::array<float, 6> one = {1, 1, 1, 1, 1, 1};
  const std::array<float, 4> rows = {1, 3, 2, 4};
  const std::array<float, 2> values = {5, 7};
  const std::array<float, 6> columns = {1, 2, 3, 4, 5, 9};
  const auto observe = [&](ElementImportance& importance, std::span<const float> weights) {
    importance.update(weights, std::span(one).first(weights.size()), 1.0f, 0, 0);
  };
  // With betas 0, I' = |w g| and U' = 0: one more step with another weight makes U' the distance to it.
  for (const auto& [importance, weights] :
       {std::pair<ElementImportance*, std::span<const float>>{&q, rows}, {&e, values}, {&p, columns}}) {
    observe(*importance, weights);
    std::ranges::fill(importance->uncertainty(), 1.0f);
  }
  // Triplet 0: 5 + (1 + 3) / 2 + (1 + 3 + 5) / 3; triplet 1: 7 + (2 + 4) / 2 + (2 + 4 + 9) / 3.
  EXPECT_THAT(triplet_scores(q, e, p, 2), ElementsAre(10.0, 15.0));
}

TEST(HighestTest, of_equal_scores_the_earlier_stays) {
  EXPECT_THAT(highest({1, 3, 2, 3, 2, 2}, 3), ElementsAre(0, 1, 1, 1, 0, 0));
  EXPECT_THAT(highest({0, 0, 0}, 2), ElementsAre(1, 1, 0));
  EXPECT_THAT(highest({1, 2}, 0), ElementsAre(0, 0));
  EXPECT_THAT(highest({1, 2}, 5), ElementsAre(1, 1));
}

}  // namespace
}  // namespace coldframe
