#include "framework/evaluation/continual.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TaskMatrix matrix_of(const std::vector<std::vector<double>>& rows) {
  TaskMatrix matrix(rows.front().size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t task = 0; task < matrix.tasks(); ++task) matrix.at(row, task) = rows[row][task];
  }
  return matrix;
}

// Three tasks. Task 1 recovers in the end; task 2 was best before it was learned at all.
TaskMatrix example() {
  return matrix_of({{0.10, 0.20, 0.30},    // untrained
                    {0.80, 0.95, 0.25},    // after task 1
                    {0.60, 0.90, 0.40},    // after task 2
                    {0.85, 0.50, 0.95}});  // after task 3
}

TEST(ContinualMeasures, transfer_by_hand) {
  // (.85 + .50 + .95) / 3
  EXPECT_NEAR(average_performance(example()), 2.30 / 3, 1e-15);
  // ((.85 - .80) + (.50 - .90)) / 2
  EXPECT_NEAR(*backward_transfer(example()), -0.175, 1e-15);
  // ((R[1,2] - R[0,2]) + (R[2,3] - R[0,3])) / 2 = ((.95 - .20) + (.40 - .30)) / 2
  EXPECT_NEAR(*forward_transfer(example()), 0.425, 1e-15);
}

TEST(ContinualMeasures, three_conventions_of_forgetting_differ_by_hand) {
  // last: (.80 - .85 + .90 - .50) / 2;  max_all: (.85 - .85 + .95 - .50) / 2;  max_before: (.80 - .85 + .95 - .50) / 2
  EXPECT_NEAR(*forgetting(example(), ForgettingRule::last), 0.175, 1e-15);
  EXPECT_NEAR(*forgetting(example(), ForgettingRule::max_all), 0.225, 1e-15);
  EXPECT_NEAR(*forgetting(example(), ForgettingRule::max_before), 0.200, 1e-15);
  const std::vector<double> by_task = forgetting_by_task(example(), ForgettingRule::max_before);
  ASSERT_EQ(by_task.size(), 2u);
  EXPECT_NEAR(by_task[0], -0.05, 1e-15);
  EXPECT_NEAR(by_task[1], 0.45, 1e-15);
}

TEST(ContinualMeasures, a_better_untrained_model_is_nothing_that_was_forgotten) {
  TaskMatrix matrix = example();
  const double before = *forgetting(matrix, ForgettingRule::max_all);
  matrix.at(0, 0) = matrix.at(0, 1) = 5.0;
  EXPECT_EQ(*forgetting(matrix, ForgettingRule::max_all), before);
}

TEST(ContinualMeasures, after_two_tasks_the_numbers_are_those_of_the_leading_matrix) {
  const TaskMatrix two = example().first(2);
  EXPECT_NEAR(average_performance(two), 0.75, 1e-15);  // (.60 + .90) / 2
  EXPECT_NEAR(*backward_transfer(two), -0.20, 1e-15);  // .60 - .80
  EXPECT_NEAR(*forgetting(two, ForgettingRule::max_before), 0.20, 1e-15);
  EXPECT_NEAR(*forward_transfer(two), 0.75, 1e-15);  // .95 - .20
}

TEST(ContinualMeasures, regret_and_recovery_by_hand) {
  // Task 2: the best row is the one before it was learned. Task 3: .95 - .40, and one more task until .95.
  EXPECT_NEAR(*dynamic_regret(example()), 0.55 / 2, 1e-15);
  EXPECT_EQ(*recovery_tasks(example()), 0.5);
  EXPECT_EQ(*recovery_tasks(example(), 0.4), 0.0) << ".40 is 42 % of .95";
  TaskMatrix slow = matrix_of(
      {{0.1, 0.5, 0.1, 0.1}, {0.1, 0.2, 0.1, 0.1}, {0.1, 0.3, 0.1, 0.1}, {0.1, 0.39, 0.1, 0.1}, {0.1, 0.4, 0.1, 0.1}});
  // Task 2 arrives at row 1 and has 95 % of .4 at row 3; what the untrained row gave counts in the regret alone.
  EXPECT_NEAR(*recovery_tasks(slow), 2.0 / 3, 1e-15);
  EXPECT_NEAR(*dynamic_regret(slow), 0.3 / 3, 1e-15);
  EXPECT_FALSE(dynamic_regret(slow.first(1)).has_value());
  EXPECT_FALSE(recovery_tasks(slow.first(1)).has_value());
  EXPECT_THROW(recovery_tasks(slow, 0.0), ConfigError);
  slow.at(4, 1) = std::nan("");  // the stream was cut off
  EXPECT_TRUE(std::isnan(*recovery_tasks(slow)));
  EXPECT_TRUE(std::isnan(*dynamic_regret(slow)));
}

TEST(ContinualMeasures, one_task_transfers_nothing) {
  const TaskMatrix one = example().first(1);
  EXPECT_EQ(average_performance(one), 0.80);
  EXPECT_FALSE(backward_transfer(one).has_value());
  EXPECT_FALSE(forward_transfer(one).has_value());
  EXPECT_FALSE(forgetting(one, ForgettingRule::max_all).has_value());
}

TEST(ContinualMeasures, nothing_lost_is_zero_without_a_sign) {
  const TaskMatrix matrix = matrix_of({{0, 0}, {0.5, 0.5}, {0.5, 0.5}});
  EXPECT_EQ(*backward_transfer(matrix), 0.0);
  EXPECT_FALSE(std::signbit(*backward_transfer(matrix)));
}

TEST(ContinualMeasures, cells_that_were_not_measured_are_not_numbers) {
  TaskMatrix matrix = example();
  matrix.at(3, 0) = TaskMatrix(3).at(3, 0);
  EXPECT_TRUE(std::isnan(average_performance(matrix)));
  EXPECT_TRUE(std::isnan(*backward_transfer(matrix)));
}

// a = 1/2 over 4, 2, 6: S = 4, 2 + 2, 6 + 2; N = 1, 1.5, 1.75.
TEST(FadingAverageTest, by_hand_and_the_mean_without_fading) {
  FadingAverage half(0.5), mean(1.0);
  EXPECT_TRUE(std::isnan(half.value()));
  for (const double value : {4.0, 2.0, 6.0}) half.add(value), mean.add(value);
  EXPECT_NEAR(half.value(), 8 / 1.75, 1e-15);
  EXPECT_NEAR(mean.value(), 4.0, 1e-15);
  EXPECT_THROW(FadingAverage(0.0), ConfigError);
  EXPECT_THROW(FadingAverage(1.5), ConfigError);
}

TEST(PrequentialTest, every_cohort_counts_with_what_it_got_before_it_was_trained_on) {
  EXPECT_EQ(prequential_values(example()), (std::vector<double>{0.10, 0.95, 0.40}));
}

// Heights .20, .6666.., .6333.., .7666.. at 0 1 2 3: ((.2 + .6667) + (.6667 + .6333) + (.6333 + .7667)) / 2 / 3.
TEST(StreamAreaTest, by_hand) {
  EXPECT_NEAR(*stream_area(example()), (0.2 / 2 + 2.0 / 3 + 1.9 / 3 + 2.3 / 6) / 3, 1e-15);
  EXPECT_NEAR(*area_under_curve(std::vector<double>{0, 1, 4}, std::vector<double>{2, 4, 0}), (3.0 + 6.0) / 4, 1e-15);
  EXPECT_FALSE(area_under_curve(std::vector<double>{1}, std::vector<double>{2}).has_value());
  EXPECT_FALSE(area_under_curve(std::vector<double>{1, 1}, std::vector<double>{2, 3}).has_value());
}

/// Values by the classes of Avalanche, which sees one cell after the other.
TEST(ContinualGoldens, forgetting_and_transfer_are_those_of_avalanche) {
  const nlohmann::json goldens = testing::golden("continual");
  ASSERT_GE(goldens.at("cases").size(), 3u);
  for (const auto& entry : goldens.at("cases")) {
    const TaskMatrix matrix = matrix_of(entry.at("matrix").get<std::vector<std::vector<double>>>());
    const auto lost = entry.at("forgetting").get<std::vector<double>>();
    const std::vector<double> mine = forgetting_by_task(matrix, ForgettingRule::last);
    ASSERT_EQ(mine.size(), lost.size());
    for (std::size_t task = 0; task < lost.size(); ++task) EXPECT_NEAR(mine[task], lost[task], 1e-12);
    EXPECT_NEAR(*forgetting(matrix, ForgettingRule::last), entry.at("stream_forgetting").get<double>(), 1e-12);
    EXPECT_NEAR(*backward_transfer(matrix), entry.at("stream_bwt").get<double>(), 1e-12);
    EXPECT_NEAR(*forward_transfer(matrix), entry.at("stream_forward_transfer").get<double>(), 1e-12);
  }
}

}  // namespace
}  // namespace coldframe
