#include "framework/evaluation/task_cohorts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/philox.h"

namespace coldframe {
namespace {

double noise(std::uint32_t user, std::uint32_t row, std::uint32_t task) {
  const PhiloxBlock words = philox4x32({user, row, task, 0}, {5, 5});
  return standard_normals(words[0], words[1])[0];
}

/// Two tasks whose people lose exactly 0.1 of task 1, whatever each of them gets.
std::vector<TaskCohort> cohorts(std::uint32_t users) {
  std::vector<TaskCohort> made(2);
  for (std::uint32_t task = 0; task < 2; ++task) {
    made[task].rows.resize(3);
    for (std::uint32_t user = 0; user < users; ++user) {
      made[task].users.emplace_back(1000 * task + user);
      const double level = noise(user, 0, task);
      made[task].rows[0].push_back(level);
      made[task].rows[1].push_back(level + 0.5);
      made[task].rows[2].push_back(level + (task == 0 ? 0.4 : 0.5));
    }
  }
  return made;
}

std::vector<Estimate> estimate(const std::vector<TaskCohort>& people, const MatrixStatistic& statistic) {
  return estimate_from_cohorts(people, std::vector<MatrixStatistic>{statistic}, {.replicates = 500});
}

TEST(TaskCohortsTest, cells_are_means_over_people_and_unmeasured_rows_stay_open) {
  std::vector<TaskCohort> people(1);
  people[0].users = {UserKey(1), UserKey(2)};
  people[0].rows = {{0.25, 0.75}, {}};
  const TaskMatrix matrix = task_matrix(people);
  EXPECT_EQ(matrix.at(0, 0), 0.5);
  EXPECT_TRUE(std::isnan(matrix.at(1, 0)));
}

TEST(TaskCohortsTest, differences_between_rows_are_paired_within_people) {
  const std::vector<TaskCohort> people = cohorts(40);
  const Estimate lost = estimate(people, backward_transfer).front();
  EXPECT_NEAR(lost.value, -0.1, 1e-12);
  EXPECT_LT(lost.standard_error, 1e-12) << "people who differ from each other must not hide a loss that all share";
  EXPECT_EQ(lost.users, 80u);
  const Estimate level = estimate(people, average_performance).front();
  // The mean of two means over 40 people of unit variance: sqrt(1/40 + 1/40) / 2 = 0.11.
  EXPECT_NEAR(level.standard_error, 0.112, 0.025);
  ASSERT_TRUE(level.interval.has_value());
  EXPECT_TRUE(level.interval->contains(level.value));
}

TEST(TaskCohortsTest, two_runs_are_compared_person_by_person) {
  const std::vector<TaskCohort> one = cohorts(40);
  std::vector<TaskCohort> other = one;
  for (TaskCohort& cohort : other) {
    for (double& value : cohort.rows[2]) value += 0.25;
  }
  const std::vector<MatrixStatistic> wanted = {
      [](const TaskMatrix& m) { return std::optional(average_performance(m)); }, backward_transfer};
  const std::vector<Estimate> found = estimate_differences(other, one, wanted, {.replicates = 300});
  EXPECT_NEAR(found[0].value, 0.25, 1e-12);
  EXPECT_LT(found[0].standard_error, 1e-12) << "what differs between people is in both and must cancel";
  EXPECT_NEAR(found[1].value, 0.25, 1e-12);
}

TEST(TaskCohortsTest, the_order_of_people_changes_nothing_but_rounding) {
  std::vector<TaskCohort> people = cohorts(15), turned = people;
  for (TaskCohort& cohort : turned) {
    std::reverse(cohort.users.begin(), cohort.users.end());
    for (auto& row : cohort.rows) std::reverse(row.begin(), row.end());
  }
  const Estimate one = estimate(people, average_performance).front(),
                 other = estimate(turned, average_performance).front();
  EXPECT_EQ(one.value, other.value);
  EXPECT_NEAR(one.interval->low, other.interval->low, 1e-12);
}

TEST(TaskCohortsTest, a_cohort_that_is_often_empty_has_no_interval) {
  const Estimate alone = estimate(cohorts(1), average_performance).front();
  EXPECT_FALSE(alone.interval.has_value());
  EXPECT_GT(alone.undefined_replicates, 100u);
}

TEST(TaskCohortsTest, a_statistic_that_does_not_exist_is_no_number) {
  std::vector<TaskCohort> one = cohorts(10);
  one.pop_back();
  one.front().rows.pop_back();
  const Estimate transfer = estimate(one, forward_transfer).front();
  EXPECT_TRUE(std::isnan(transfer.value));
  EXPECT_FALSE(transfer.interval.has_value());
}

}  // namespace
}  // namespace coldframe
