// Streams of tasks through the program itself: real ranks, real files, mistakes in the configuration.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "framework/core/atomic_file.h"
#include "framework/data/replay_memory.h"
#include "framework/reporting/run_record.h"
#include "tests/integration/training_job.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::TrainingJob;

class ContinualJobTest : public ::testing::Test {
 protected:
  std::string arguments(const std::string& method, const std::string& more = "", int tasks = 2) const {
    return fmt::format(
        "--config {} --strategy.use=lora --schedule.steps=8 --schedule.warmup=2 --checkpoint.every=3 "
        "--continual.method={} --continual.tasks={} --continual.minimum_users=3 --continual.memory=20 "
        "--continual.replay_pairs=4 --continual.fisher_examples=4 {}",
        job_.short_config().string(), method, tasks, more);
  }
  fs::path run(const std::string& root) const { return job_.run(root, "lora"); }
  nlohmann::json summary(const std::string& root) const {
    return read_run_record(run(root) / "run.h5").summary.at("continual");
  }
  void expect_refused(int code, const std::string& more, const std::string& text, int tasks = 2) const {
    const Outcome outcome = job_.train(0, "refused", arguments("naive", more, tasks));
    EXPECT_EQ(outcome.code, code) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(text));
    EXPECT_FALSE(fs::exists(job_.folder() / "refused")) << "a mistake leaves no folder behind";
  }
  TrainingJob job_;
};

TEST_F(ContinualJobTest, a_stream_has_the_same_bits_on_any_ranks_and_after_a_kill_between_two_tasks) {
  const Outcome alone = job_.train(1, "alone", arguments("der"));
  ASSERT_EQ(alone.code, 0) << alone.errors;
  EXPECT_THAT(alone.errors, HasSubstr("backward transfer (BWT)"));
  EXPECT_THAT(alone.errors, HasSubstr("after task 2 of 2 (period 2, 1970-01-12"));
  ASSERT_EQ(job_.train(3, "three", arguments("der")).code, 0);
  EXPECT_EQ(testing::difference_between(run("alone"), run("three")), "");
  // Checkpoints at 3, 6, 8 (the task has ended), 9, 12, 15, 16; the newest two are kept.
  ASSERT_EQ(job_.train(2, "parts", arguments("der", "--checkpoint.keep=9")).code, 0);
  for (const int step : {16, 15, 12, 9}) fs::remove_all(run("parts") / "checkpoints" / fmt::format("step-{}", step));
  fs::remove(run("parts") / "run.h5");
  const Outcome resumed = job_.train(1, "parts", arguments("der", "--checkpoint.keep=9 --resume"));
  ASSERT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_EQ(testing::difference_between(run("alone"), run("parts")), "");
  EXPECT_EQ(summary("alone"), summary("parts")) << "values per person have to survive a kill";
}

TEST_F(ContinualJobTest, the_memory_can_be_read_has_the_same_bytes_on_any_ranks_and_is_written_anew_when_damaged) {
  const std::string der = arguments("der", "--continual.memory_rule=balanced --objective.contrastive.item_prior=0.5");
  ASSERT_EQ(job_.train(1, "alone", der).code, 0);
  ASSERT_EQ(job_.train(3, "three", der).code, 0);
  const fs::path file = run("alone") / "memory.h5";
  const std::string bytes = read_file(file);
  EXPECT_EQ(bytes, read_file(run("three") / "memory.h5"));
  const ReplayMemory memory = read_replay_memory(file);
  EXPECT_EQ(memory.rule, "balanced");
  EXPECT_EQ(memory.tasks, 2u);
  ASSERT_EQ(memory.elements.size(), 20u);
  EXPECT_EQ(std::ranges::count(memory.of_task, 1u), 10);
  EXPECT_EQ(memory.rows.size(), 20 * memory.probes.size());
  EXPECT_GT(std::ranges::count_if(memory.rows, [](float value) { return value != 0; }), 0);
  for (const std::string& user : memory.users) EXPECT_TRUE(user.starts_with("u")) << user;
  for (const std::string& item : memory.items) EXPECT_TRUE(item.starts_with("i")) << item;
  fs::resize_file(file, bytes.size() / 2);
  const Outcome resumed = job_.train(2, "alone", der + " --resume");
  ASSERT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_EQ(read_file(file), bytes);
  ASSERT_EQ(job_.train(1, "none", arguments("naive")).code, 0);
  EXPECT_FALSE(fs::exists(run("none") / "memory.h5")) << "nothing is kept where nothing comes back";
}

TEST_F(ContinualJobTest, the_record_holds_the_matrix_and_evaluate_prints_it) {
  const Outcome trained = job_.train(1, "run", arguments("naive"));
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const nlohmann::json found = summary("run");
  ASSERT_EQ(found.at("matrix").size(), 3u);
  ASSERT_EQ(found.at("matrix")[0].size(), 2u);
  const double bwt = found.at("matrix")[2][0].get<double>() - found.at("matrix")[1][0].get<double>();
  EXPECT_NEAR(found.at("numbers").at("backward_transfer").at("value").get<double>(), bwt, 1e-12);
  EXPECT_EQ(found.at("prequential").size(), 2u);
  EXPECT_GT(found.at("tasks")[1].at("next_users").get<int>(), found.at("tasks")[1].at("tested_users").get<int>());
  EXPECT_TRUE(found.at("prequential")[0].at("popularity").is_null()) << "nothing is popular before the first task";
  EXPECT_TRUE(found.at("prequential")[1].at("popularity").is_number());
  const Outcome evaluated = testing::run_program("evaluate --run " + run("run").string());
  EXPECT_EQ(evaluated.code, 0) << evaluated.errors;
  EXPECT_THAT(evaluated.output, HasSubstr("ndcg@10 of every task's people after every task"));
}

TEST_F(ContinualJobTest, a_frozen_encoder_has_one_row_and_adapters_keep_theirs) {
  ASSERT_EQ(job_.train(1, "frozen", arguments("frozen")).code, 0);
  const nlohmann::json frozen = summary("frozen");
  ASSERT_EQ(job_.train(3, "frozen3", arguments("frozen")).code, 0);
  EXPECT_EQ(testing::difference_between(run("frozen"), run("frozen3")), "") << "on 3 ranks";
  EXPECT_EQ(summary("frozen3"), frozen);
  ASSERT_EQ(job_.train(2, "frozen3", arguments("frozen", "--resume")).code, 0);
  EXPECT_EQ(summary("frozen3"), frozen) << "resumed when everything was done";
  EXPECT_EQ(frozen.at("matrix")[0], frozen.at("matrix")[2]);
  std::string no_steps = arguments("frozen");
  no_steps.replace(no_steps.find("use=lora"), 8, "use=adalora");
  const Outcome counts_steps = job_.train(1, "frozen-adalora", no_steps);
  ASSERT_EQ(counts_steps.code, 0) << counts_steps.errors;
  EXPECT_EQ(read_run_record(job_.run("frozen-adalora", "adalora") / "run.h5").summary.at("continual").at("matrix"),
            frozen.at("matrix"))
      << "a strategy that counts steps has none to count";
  EXPECT_EQ(frozen.at("numbers").at("forward_transfer").at("value").get<double>(), 0.0);
  EXPECT_TRUE(frozen.at("prequential")[1].at("value").is_number());
  const Outcome outcome = job_.train(2, "adapters", arguments("adapters"));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const nlohmann::json adapters = summary("adapters");
  EXPECT_EQ(adapters.at("matrix")[1][0], adapters.at("matrix")[2][0]) << "a task keeps its own weights";
  EXPECT_EQ(adapters.at("matrix")[0], frozen.at("matrix")[0]);
  EXPECT_TRUE(fs::exists(run("adapters") / "tasks/task-1/adapter_model.safetensors"));
  EXPECT_TRUE(fs::exists(run("adapters") / "tasks/task-2/adapter_model.safetensors"));
}

TEST_F(ContinualJobTest, segments_of_users_and_of_items_are_streams_too) {
  for (const std::string stream :
       {"--continual.stream=users --continual.attribute=gender",
        "--continual.stream=items --continual.attribute=genres --continual.order=Drama,Comedy"}) {
    const Outcome outcome = job_.train(2, "segments", arguments("ewc", stream + " --overwrite"));
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(summary("segments").contains("prequential"), stream.find("users") != std::string::npos);
  }
}

TEST_F(ContinualJobTest, feedback_may_come_late_and_everything_is_measured_with_the_item_prior_too) {
  const std::string three = "--continual.prior_weight=1 --objective.contrastive.item_prior=1";
  const Outcome first = job_.train(1, "prompt", arguments("joint", three, 3));
  ASSERT_EQ(first.code, 0) << first.errors;
  const Outcome late = job_.train(3, "late", arguments("joint", three + " --continual.delay=1", 3));
  ASSERT_EQ(late.code, 0) << late.errors;
  EXPECT_THAT(late.errors, HasSubstr("people of tasks 3 .. T before they were trained on"));
  ASSERT_EQ(job_.train(1, "frozen", arguments("frozen", three, 3)).code, 0);
  const nlohmann::json prompt = summary("prompt"), delayed = summary("late"), frozen = summary("frozen");
  EXPECT_EQ(prompt.at("matrix"), delayed.at("matrix")) << "a delay changes who is met when, not what is trained";
  const auto next = [](const nlohmann::json& of, std::size_t task) { return of.at("prequential")[task].at("value"); };
  EXPECT_EQ(next(delayed, 1), next(frozen, 1)) << "nothing is known of anybody yet";
  EXPECT_NE(next(delayed, 2), next(prompt, 2));
  EXPECT_TRUE(delayed.at("prequential")[1].at("popularity").is_null());
  EXPECT_NE(prompt.at("with_prior").at("matrix"), prompt.at("matrix"));
  EXPECT_EQ(prompt.at("with_prior").at("matrix")[0], prompt.at("matrix")[0])
      << "before the first task nothing is popular";
  EXPECT_NE(frozen.at("with_prior").at("matrix")[0], frozen.at("with_prior").at("matrix")[3])
      << "popularity is learned beside a frozen encoder";
}

TEST_F(ContinualJobTest, shown_likes_enter_as_they_do_in_an_evaluation) {
  std::map<std::string, nlohmann::json> rows;
  for (const char* rule : {"reencode", "recompose"}) {
    for (const int shots : {0, 3}) {
      const Outcome outcome = job_.train(
          1, "shown",
          arguments("frozen",
                    fmt::format("--continual.shots={} --evaluation.user_vector={} --overwrite", shots, rule)));
      ASSERT_EQ(outcome.code, 0) << outcome.errors;
      rows[fmt::format("{} {}", rule, shots)] = summary("shown").at("matrix")[0];
    }
  }
  EXPECT_EQ(rows["reencode 0"], rows["recompose 0"]) << "nothing is shown";
  EXPECT_NE(rows["reencode 3"], rows["recompose 3"]);
  EXPECT_NE(rows["recompose 3"], rows["recompose 0"]);
}

TEST_F(ContinualJobTest, check_names_the_tasks) {
  const Outcome outcome = testing::run_program(
      fmt::format("check --config {} {} --trial=0", (job_.folder() / "job.ini").string(), arguments("ewc")));
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("2 tasks of 8 steps each by ewc"));
}

TEST_F(ContinualJobTest, mistakes_are_named) {
  expect_refused(2, "--continual.stream=users", "continual.attribute");
  expect_refused(2, "--continual.stream=users --continual.attribute=town", "users have no such attribute");
  expect_refused(2, "--training.validate_every=5", "continual.tested = validate");
  expect_refused(2, "", "coldframe: error: continual.tasks = 1", 1);
  expect_refused(3, "", "has too few users", 20);
  expect_refused(2, "--continual.metric=ndgc@10", "ndgc");
  expect_refused(2, "--continual.stream=periods", "no log of pages");
  expect_refused(2, "--continual.delay=1", "nobody would be tested by a model that has learned something");
}

}  // namespace
}  // namespace coldframe
