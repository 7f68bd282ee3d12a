#include "framework/evaluation/stream_numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "framework/evaluation/crossed_interval.h"

namespace coldframe {
namespace {

/// Three tasks of 2, 3 and 4 people; every value is drawn.
std::vector<TaskPeople> random_stream(std::mt19937& random) {
  std::uniform_real_distribution<double> uniform;
  std::vector<TaskPeople> tasks(3);
  std::uint64_t key = 0;
  for (std::size_t task = 0; task < tasks.size(); ++task) {
    for (std::size_t user = 0; user < task + 2; ++user) {
      tasks[task].tested.users.emplace_back(++key);
      tasks[task].next.users.emplace_back(key);
      tasks[task].next.model.push_back(uniform(random));
      tasks[task].next.popularity.push_back(uniform(random));
    }
    for (std::size_t row = 0; row < 4; ++row) {
      std::vector<double>& values = tasks[task].tested.rows.emplace_back();
      for (std::size_t user = 0; user < task + 2; ++user) values.push_back(uniform(random));
    }
  }
  return tasks;
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double number(const PeopleByTask& people) {
  double sum = 0;
  for (const std::vector<double>& task : people) sum += mean(task);
  return sum / static_cast<double>(people.size());
}

TEST(StreamNumbersTest, are_those_of_the_matrix) {
  std::mt19937 random(1);
  const std::vector<TaskPeople> tasks = random_stream(random);
  std::vector<TaskCohort> cohorts;
  for (const TaskPeople& people : tasks) cohorts.push_back(people.tested);
  const TaskMatrix matrix = task_matrix(cohorts);
  const auto of = [&](StreamNumber which) { return number(people_values(tasks, which).value()); };
  EXPECT_NEAR(of(StreamNumber::average), average_performance(matrix), 1e-12);
  EXPECT_NEAR(of(StreamNumber::backward_transfer), backward_transfer(matrix).value(), 1e-12);
  EXPECT_NEAR(of(StreamNumber::forward_transfer), forward_transfer(matrix).value(), 1e-12);
  const double next = (mean(tasks[1].next.model) + mean(tasks[2].next.model)) / 2;
  const double popularity = (mean(tasks[1].next.popularity) + mean(tasks[2].next.popularity)) / 2;
  EXPECT_NEAR(of(StreamNumber::next), next, 1e-12);
  EXPECT_NEAR(of(StreamNumber::next_minus_popularity), next - popularity, 1e-12);
}

TEST(StreamNumbersTest, do_not_exist_where_something_was_not_measured) {
  std::mt19937 random(2);
  std::vector<TaskPeople> tasks = random_stream(random);
  EXPECT_FALSE(people_values(std::span(tasks).first(1), StreamNumber::average));
  tasks[2].tested.rows[3].clear();
  EXPECT_FALSE(people_values(tasks, StreamNumber::average));
  EXPECT_TRUE(people_values(tasks, StreamNumber::backward_transfer)) << "of the tasks before";
  EXPECT_TRUE(people_values(tasks, StreamNumber::forward_transfer));
  tasks[1].next = {};
  EXPECT_FALSE(people_values(tasks, StreamNumber::next));
}

// Two tasks of 2 and 3 people, one seed: Var = (s1^2 / 2 + s2^2 / 3) / 4 with s1^2 = 2, s2^2 = 1 but divisors n, not n - 1:
// the population variances are 1 and 2/3.
TEST(StreamNumbersTest, spread_over_columns_is_that_of_a_stratified_sample) {
  const PeopleByTask people{{1, 3}, {10, 11, 12}};
  const std::vector<double> table = stratified_table(std::span(&people, 1));
  ASSERT_EQ(table.size(), 5u);
  EXPECT_NEAR(mean(table), 6.5, 1e-12);
  double variance = 0;
  for (const double value : table) variance += (value - 6.5) * (value - 6.5) / 5;
  EXPECT_NEAR(variance / 5, (1.0 / 2 + (2.0 / 3) / 3) / 4, 1e-12);
}

TEST(StreamNumbersTest, a_row_of_the_table_has_the_number_of_its_seed) {
  std::mt19937 random(3);
  std::vector<PeopleByTask> seeds;
  for (int seed = 0; seed < 3; ++seed) seeds.push_back(people_values(random_stream(random), StreamNumber::average).value());
  const std::vector<double> table = stratified_table(seeds);
  ASSERT_EQ(table.size(), 27u);
  for (std::size_t seed = 0; seed < 3; ++seed) {
    EXPECT_NEAR(mean(std::span(table).subspan(9 * seed, 9)), number(seeds[seed]), 1e-12);
  }
}

// True number 0: tasks differ by far more than people, seeds move whole streams.
TEST(StreamNumbersTest, intervals_cover_a_known_mean) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  int covered = 0;
  constexpr int k_trials = 400;
  for (int trial = 0; trial < k_trials; ++trial) {
    std::vector<std::vector<double>> taste{std::vector<double>(20), std::vector<double>(60)};
    for (std::vector<double>& task : taste) {
      for (double& value : task) value = normal(random);
    }
    std::vector<PeopleByTask> seeds;
    for (int seed = 0; seed < 5; ++seed) {
      const double moved = 0.1 * normal(random);
      PeopleByTask& people = seeds.emplace_back(taste);
      for (double& value : people[0]) value += moved + 0.3 * normal(random) - 5;
      for (double& value : people[1]) value += moved + 0.3 * normal(random) + 5;
    }
    covered += crossed_estimate(stratified_table(seeds), seeds.size()).interval(0.95).contains(0.0) ? 1 : 0;
  }
  // 95 % of 400 trials: standard error 1.1 %.
  EXPECT_GE(covered, 0.915 * k_trials);
  EXPECT_LE(covered, 0.985 * k_trials);
}

}  // namespace
}  // namespace coldframe
