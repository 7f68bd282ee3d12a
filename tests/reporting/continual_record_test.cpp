#include "framework/reporting/continual_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/evaluation/stream_numbers.h"
#include "framework/reporting/measures.h"
#include "framework/reporting/stream_report.h"
#include "framework/reporting/stream_verdicts.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

TaskCohort cohort(std::uint64_t first_key, const std::vector<std::vector<double>>& rows) {
  TaskCohort made;
  for (std::size_t user = 0; user < rows.front().size(); ++user) made.users.emplace_back(first_key + user);
  made.rows = rows;
  return made;
}

/// Means by hand: task 1: .1 .6 .4; task 2: .2 .3 .8.
ContinualRecord example() {
  ContinualRecord record{.method = "replay",
                         .stream = "arrivals",
                         .metric = "ndcg@10",
                         .tested = "H",
                         .shots = 0,
                         .fading = 0.5,
                         .tasks = {{"first", 7}, {"second", 8}},
                         .cohorts = {},
                         .next = {}};
  record.cohorts = {cohort(1, {{0.0, 0.2}, {0.5, 0.7}, {0.4, 0.4}}), cohort(10, {{0.1, 0.3}, {0.3, 0.3}, {0.7, 0.9}})};
  record.next.resize(2);
  record.next[0] = {{UserKey(1), UserKey(2), UserKey(3)}, {0.1, 0.2, 0.3}, {0, 0, 0}};
  record.next[1] = {{UserKey(10), UserKey(11)}, {0.6, 0.8}, {0.5, 0.1}};
  return record;
}

TEST(ContinualRecordTest, numbers_by_hand) {
  const nlohmann::json summary = continual_summary(example(), {.replicates = 200});
  const auto number = [&](const char* key) { return summary.at("numbers").at(key).at("value").get<double>(); };
  EXPECT_NEAR(number("average"), 0.6, 1e-12);
  EXPECT_NEAR(number("backward_transfer"), -0.2, 1e-12);
  EXPECT_NEAR(number("forward_transfer"), 0.1, 1e-12);
  EXPECT_NEAR(number("forgetting_max_all"), 0.2, 1e-12);
  // Rows' means .15, .45, .6: (.3 + .525) / 2.
  EXPECT_NEAR(number("stream_area"), 0.4125, 1e-12);
  EXPECT_NEAR(summary.at("matrix")[1][1].get<double>(), 0.3, 1e-12);
  // From the second task on: .7 of the model, .3 of popularity.
  EXPECT_NEAR(summary.at("prequential_mean").at("value").get<double>(), 0.7, 1e-12);
  EXPECT_NEAR(summary.at("prequential_faded").get<double>(), 0.7, 1e-12);
  EXPECT_NEAR(summary.at("prequential_popularity").get<double>(), 0.3, 1e-12);
  EXPECT_NEAR(summary.at("prequential_over_popularity").at("value").get<double>(), 0.4, 1e-12);
  EXPECT_NEAR(summary.at("prequential")[0].at("value").get<double>(), 0.2, 1e-12);
  EXPECT_TRUE(summary.at("prequential")[0].at("popularity").is_null());
  EXPECT_EQ(summary.at("tasks")[0].at("next_users"), 3);
}

// Three tasks: S = .9, then .5 + .5 * .9; N = 1, 1.5.
TEST(ContinualRecordTest, later_periods_weigh_more_in_the_faded_value) {
  ContinualRecord record = example();
  record.tasks.push_back({"third", 9});
  for (TaskCohort& people : record.cohorts) people.rows.push_back(people.rows.back());
  record.cohorts.push_back(cohort(20, {{0.1}, {0.2}, {0.3}, {0.4}}));
  record.next[1].model = {0.9, 0.9};
  record.next.push_back({{UserKey(20)}, {0.5}, {0.2}});
  const nlohmann::json summary = continual_summary(record, {.replicates = 100});
  EXPECT_NEAR(summary.at("prequential_faded").get<double>(), 0.95 / 1.5, 1e-12);
  EXPECT_NEAR(summary.at("prequential_mean").at("value").get<double>(), 0.7, 1e-12);
}

// With a delay of one task the second task's people were met by an untrained model: means begin at the third.
TEST(ContinualRecordTest, with_a_delay_the_means_begin_where_something_was_known) {
  ContinualRecord record = example();
  record.delay = 1;
  record.tasks.push_back({"third", 9});
  for (TaskCohort& people : record.cohorts) people.rows.push_back(people.rows.back());
  record.cohorts.push_back(cohort(20, {{0.1}, {0.2}, {0.3}, {0.4}}));
  record.next[1].popularity.clear();
  record.next.push_back({{UserKey(20)}, {0.5}, {0.2}});
  const nlohmann::json summary = continual_summary(record, {.replicates = 100});
  EXPECT_NEAR(summary.at("prequential_mean").at("value").get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(summary.at("prequential_popularity").get<double>(), 0.2, 1e-12);
  EXPECT_NEAR(summary.at("prequential_faded").get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(summary.at("prequential")[1].at("value").get<double>(), 0.7, 1e-12) << "shown, but in no mean";
  EXPECT_TRUE(summary.at("prequential")[1].at("popularity").is_null());
  EXPECT_THAT(continual_text(summary), HasSubstr("people of tasks 3 .. T before they were trained on"));
  const std::vector<TaskPeople> people = people_of(record);
  EXPECT_EQ(first_informed_task(people), 2u);
  EXPECT_EQ(people_values(people, StreamNumber::next)->size(), 1u);
  ContinualRecord better = record;
  better.next[2].model = {0.9};
  const nlohmann::json differences = continual_differences(people_of(better), people, {.replicates = 100});
  EXPECT_NEAR(differences.at("next").at("value").get<double>(), 0.4, 1e-12);
}

TEST(ContinualRecordTest, what_was_measured_with_the_item_prior_stands_beside) {
  ContinualRecord record = example();
  EXPECT_FALSE(continual_summary(record, {.replicates = 100}).contains("with_prior"));
  record.prior_weight = 0.5;
  record.with_prior = record.cohorts;
  for (TaskCohort& people : record.with_prior) {
    for (std::vector<double>& row : people.rows) {
      for (double& value : row) value += 0.1;
    }
  }
  record.next_with_prior = record.next;
  record.next_with_prior[1].model = {0.8, 1.0};
  const nlohmann::json summary = continual_summary(record, {.replicates = 100});
  const nlohmann::json& served = summary.at("with_prior");
  EXPECT_EQ(served.at("weight"), 0.5);
  EXPECT_NEAR(summary.at("numbers").at("average").at("value").get<double>(), 0.6, 1e-12);
  EXPECT_NEAR(served.at("numbers").at("average").at("value").get<double>(), 0.7, 1e-12);
  EXPECT_NEAR(served.at("numbers").at("backward_transfer").at("value").get<double>(), -0.2, 1e-12);
  EXPECT_NEAR(served.at("prequential_mean").at("value").get<double>(), 0.9, 1e-12);
  EXPECT_NEAR(served.at("prequential_over_popularity").at("value").get<double>(), 0.6, 1e-12);
  EXPECT_FALSE(served.contains("with_prior"));
  const std::string text = continual_text(summary);
  EXPECT_THAT(text, HasSubstr("with the item prior"));
  RunRecord run;
  run.summary = {{"variant", "lora"}, {"continual", summary}};
  const Measures measures = newcomer_measures(run, {});
  EXPECT_NEAR(*measures.find("evaluation.tasks.average").value, 0.6, 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.tasks.with_prior.average").value, 0.7, 1e-12);
  EXPECT_NEAR(*measures.find("evaluation.tasks.with_prior.next.minus_popularity").value, 0.6, 1e-12);
}

TEST(ContinualRecordTest, a_stream_that_was_cut_off_leaves_cells_open) {
  ContinualRecord record = example();
  record.cohorts[0].rows[2].clear();
  record.cohorts[1].rows[2].clear();
  record.next[1].model.clear();
  record.next[1].popularity.clear();
  const nlohmann::json summary = continual_summary(record, {.replicates = 200});
  EXPECT_TRUE(summary.at("matrix")[2][0].is_null());
  EXPECT_TRUE(summary.at("numbers").at("average").at("value").is_null());
  EXPECT_FALSE(summary.at("numbers").at("forward_transfer").at("value").is_null());
  EXPECT_NO_THROW(continual_text(summary));
}

TEST(ContinualRecordTest, tables_name_tasks_people_and_what_could_have_been_seen) {
  ContinualRecord many = example();
  for (TaskCohort& people : many.cohorts) {
    for (std::uint64_t user = 0; user < 30; ++user) {
      people.users.emplace_back(people.users.front().value() + 1000 + user);
      for (std::vector<double>& row : people.rows) row.push_back(row[user % 2]);
    }
  }
  const nlohmann::json summary = continual_summary(many, {.replicates = 200});
  EXPECT_GT(summary.at("numbers").at("backward_transfer").at("detectable").get<double>(), 0.0);
  const std::string text = continual_text(summary);
  EXPECT_THAT(text, HasSubstr("replay over 2 tasks"));
  EXPECT_THAT(text, HasSubstr("second (32)"));
  EXPECT_THAT(text, HasSubstr("after first"));
  EXPECT_THAT(text, HasSubstr("-0.200 ["));
  EXPECT_EQ(continual_tables(summary, "x").size(), 3u);
}

TEST(ContinualRecordTest, numbers_are_measures_that_a_bound_may_speak_of) {
  RunRecord record;
  record.summary["variant"] = "lora";
  record.summary["continual"] = continual_summary(example(), {.replicates = 200});
  const Measures measures = newcomer_measures(record, {});
  EXPECT_NEAR(measures.find("evaluation.tasks.backward_transfer").value.value(), -0.2, 1e-12);
  EXPECT_NEAR(measures.find("evaluation.tasks.next").value.value(), 0.7, 1e-12);
  EXPECT_TRUE(measures.find("evaluation.tasks.next.minus_popularity").estimated);
}

TEST(StreamReportTest, every_run_with_tasks_has_a_line_tables_and_a_heat_map) {
  std::vector<NamedRun> runs(2);
  runs[0].name = "plain";
  runs[0].record.summary = nlohmann::json::object();
  runs[1].name = "stream";
  runs[1].record.summary["continual"] = continual_summary(example(), {.replicates = 200});
  nlohmann::json tables = nlohmann::json::array(), plots = nlohmann::json::array();
  add_streams(tables, plots, runs, {.replicates = 100});
  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(tables[0].at("rows").size(), 1u);
  EXPECT_EQ(tables[0].at("rows")[0].at("run"), "stream");
  EXPECT_EQ(tables[1].at("id"), "task-numbers-1");
  ASSERT_EQ(plots.size(), 1u);
  const nlohmann::json& drawn = plots[0].at("traces")[0];
  EXPECT_EQ(drawn.at("y").size(), 3u);
  EXPECT_NEAR(drawn.at("z")[2][1].get<double>(), 0.8, 1e-12);
  nlohmann::json none = nlohmann::json::array();
  add_streams(none, none, std::span(runs).first(1), {});
  EXPECT_TRUE(none.empty());
}

TEST(StreamReportTest, runs_over_the_same_people_are_compared_person_by_person) {
  ContinualRecord better = example();
  for (TaskCohort& people : better.cohorts) {
    for (std::vector<double>& row : people.rows) {
      for (double& value : row) value += 0.05;
    }
  }
  for (NextCohort& people : better.next) {
    for (double& value : people.model) value += 0.02;
  }
  const nlohmann::json found = continual_differences(people_of(better), people_of(example()), {.replicates = 200});
  EXPECT_NEAR(found.at("average").at("value").get<double>(), 0.05, 1e-12);
  EXPECT_NEAR(found.at("next").at("value").get<double>(), 0.02, 1e-12);
  EXPECT_NEAR(found.at("backward_transfer").at("value").get<double>(), 0.0, 1e-12);
  ContinualRecord others = example();
  others.cohorts[0].users[0] = UserKey(77);
  EXPECT_TRUE(continual_differences(people_of(others), people_of(example()), {.replicates = 200}).is_null());

  std::vector<NamedRun> runs(3);
  for (std::size_t i = 0; i < 3; ++i) {
    const ContinualRecord record = i == 0 ? example() : i == 1 ? better : others;
    runs[i].name = std::string("run ") + std::to_string(i);
    runs[i].record.summary["continual"] = continual_summary(record, {.replicates = 100});
    runs[i].record.tasks = people_of(record);
  }
  nlohmann::json tables = nlohmann::json::array(), plots = nlohmann::json::array();
  add_streams(tables, plots, runs, {.replicates = 100});
  ASSERT_EQ(tables[1].at("id"), "stream-differences");
  ASSERT_EQ(tables[1].at("rows").size(), 1u) << "a run on other people has no difference";
  EXPECT_EQ(tables[1].at("rows")[0].at("run"), "run 1");
}

/// Two tasks of 40 people; the model gets `level` more than popularity, and `level` more at the end of the stream.
NamedRun stream_run(const std::string& variant, std::int64_t seed, double level) {
  ContinualRecord record = example();
  for (std::size_t task = 0; task < 2; ++task) {
    std::vector<double> noise(40);
    for (std::size_t user = 0; user < 40; ++user) noise[user] = 0.01 * static_cast<double>((user * 7 + task) % 5);
    record.cohorts[task] = cohort(100 * (task + 1), {noise, noise, noise});
    record.next[task] = {record.cohorts[task].users, noise, noise};
    for (std::size_t user = 0; user < 40; ++user) {
      const double wobble = 0.002 * static_cast<double>((user + static_cast<std::size_t>(seed)) % 3);
      record.cohorts[task].rows[2][user] += level + wobble;
      record.next[task].model[user] += level + wobble;
    }
  }
  NamedRun run{variant + "/" + std::to_string(seed), {}};
  run.record.summary["variant"] = variant;
  run.record.summary["seed"] = seed;
  run.record.summary["fold"] = 0;
  run.record.summary["continual"] = continual_summary(record, {.replicates = 50});
  run.record.tasks = people_of(record);
  return run;
}

std::vector<NamedRun> streams(std::int64_t seeds, double better) {
  std::vector<NamedRun> runs;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) runs.push_back(stream_run("naive", seed, 0.05));
  for (std::int64_t seed = 1; seed <= seeds; ++seed) runs.push_back(stream_run("replay", seed, 0.05 + better));
  return runs;
}

nlohmann::json verdict_of(const nlohmann::json& tables, const std::string& name) {
  for (const nlohmann::json& row : tables.at(1).at("rows")) {
    if (row.at("comparison") == name) return row.at("verdict");
  }
  return {};
}

TEST(StreamVerdictsTest, five_seeds_support_a_verdict_and_four_none) {
  const VerdictRules rules{.smallest_effect = 0.01, .bootstrap = {.replicates = 100}};
  nlohmann::json tables = nlohmann::json::array(), plots = nlohmann::json::array();
  add_stream_verdicts(tables, plots, streams(5, 0.03), rules);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].at("id"), "stream-strategies");
  EXPECT_NEAR(tables[0].at("rows")[1].at("average").at("value").get<double>(), 0.02 + 0.08 + 0.002, 1e-3);
  EXPECT_EQ(verdict_of(tables, "naive - replay, next"), "worse");
  EXPECT_EQ(verdict_of(tables, "naive - replay, backward_transfer"), "worse");
  EXPECT_EQ(verdict_of(tables, "replay - popularity, next"), "better");
  ASSERT_EQ(plots.size(), 1u);
  EXPECT_EQ(plots[0].at("traces").size(), 3u);

  nlohmann::json four = nlohmann::json::array();
  add_stream_verdicts(four, plots, streams(4, 0.03), rules);
  EXPECT_EQ(verdict_of(four, "naive - replay, next"), "not claimed");
  nlohmann::json equal = nlohmann::json::array();
  add_stream_verdicts(equal, plots, streams(5, 0.001), rules);
  EXPECT_EQ(verdict_of(equal, "naive - replay, next"), "equivalent");
}

TEST(StreamVerdictsTest, other_people_or_one_seed_give_no_verdict) {
  nlohmann::json tables = nlohmann::json::array(), plots = nlohmann::json::array();
  add_stream_verdicts(tables, plots, streams(1, 0.03), {});
  std::vector<NamedRun> others = streams(5, 0.03);
  others[3].record.tasks[1].tested.users[0] = UserKey(77);
  add_stream_verdicts(tables, plots, others, {});
  std::vector<NamedRun> folds = streams(5, 0.03);
  folds[0].record.summary["fold"] = 1;
  add_stream_verdicts(tables, plots, folds, {});
  EXPECT_TRUE(tables.empty());
  EXPECT_TRUE(plots.empty());
}

TEST(StreamReportTest, of_several_seeds_one_is_shown_in_full) {
  nlohmann::json tables = nlohmann::json::array(), plots = nlohmann::json::array();
  add_streams(tables, plots, streams(3, 0.03), {.replicates = 50});
  EXPECT_EQ(tables[0].at("rows").size(), 6u);
  EXPECT_EQ(plots.size(), 2u);
}

TEST(ContinualRecordTest, people_come_back_from_a_record) {
  testing::TemporaryFolder folder;
  ContinualRecord cut = example();
  cut.cohorts[1].rows[2].clear();
  cut.next[1] = {};
  RunRecord record{{{"variant", "x"}}, nlohmann::json::object(), {}, {}, {}, {}};
  record.tasks = people_of(cut);
  write_run_record(folder / "run.h5", record);
  const RunRecord back = read_run_record(folder / "run.h5");
  ASSERT_EQ(back.tasks.size(), 2u);
  for (std::size_t task = 0; task < 2; ++task) {
    EXPECT_EQ(back.tasks[task].tested.users, cut.cohorts[task].users);
    EXPECT_EQ(back.tasks[task].tested.rows, cut.cohorts[task].rows);
    EXPECT_EQ(back.tasks[task].next.users, cut.next[task].users);
    EXPECT_EQ(back.tasks[task].next.model, cut.next[task].model);
    EXPECT_EQ(back.tasks[task].next.popularity, cut.next[task].popularity);
  }
}

TEST(ContinualRecordTest, tasks_that_share_people_have_no_next_cohort) {
  ContinualRecord record = example();
  record.next.clear();
  const nlohmann::json summary = continual_summary(record, {.replicates = 200});
  EXPECT_FALSE(summary.contains("prequential"));
  EXPECT_EQ(continual_tables(summary, "x").size(), 2u);
}

}  // namespace
}  // namespace coldframe
