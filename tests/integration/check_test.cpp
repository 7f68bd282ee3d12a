// `coldframe check` against the run that it speaks of.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int k_steps = 32;  // as many plans as `check` looks at

class CheckTest : public ::testing::Test {
 protected:
  std::string arguments(const std::string& more) const {
    return fmt::format("check --config {} --config {} --experiment.root={} --schedule.steps={} {}",
                       (job_.folder() / "job.ini").string(), job_.short_config().string(),
                       (job_.folder() / "runs").string(), k_steps, more);
  }
  TrainingJob job_;
};

TEST_F(CheckTest, counts_the_tokens_that_training_counts) {
  const Outcome trained =
      job_.train(0, "runs", fmt::format("--config {} --schedule.steps={}", job_.short_config().string(), k_steps));
  ASSERT_EQ(trained.code, 0) << trained.errors;
  double tokens = 0;
  for (const MetricsRecord& record : read_metrics(job_.run("runs", "lora") / "metrics.log")) {
    for (const auto& [key, value] : record.values) {
      if (record.kind == "step" && key == "tokens") tokens += value / k_steps;
    }
  }
  ASSERT_GT(tokens, 0);
  EXPECT_THAT(run_program(arguments("--trial 0")).output,
              HasSubstr(fmt::format("per step: about {:.0f} tokens", tokens)));
}

TEST_F(CheckTest, rows_of_a_prompt_cost_what_tokens_cost) {
  const auto gigaflop = [this](const std::string& more) {
    const std::string output = run_program(arguments("--trial 0 --strategy.use=prompt " + more)).output;
    std::smatch found;
    EXPECT_TRUE(std::regex_search(output, found, std::regex("about ([0-9]+) tokens .*, ([0-9.]+) GFLOP"))) << output;
    return std::pair(std::stod(found[1]), std::stod(found[2]));
  };
  const auto [tokens, short_prompt] = gigaflop("--strategy.prompt.length=1");
  const auto [same_tokens, long_prompt] = gigaflop("--strategy.prompt.length=41");
  EXPECT_EQ(tokens, same_tokens);
  EXPECT_GT(long_prompt / short_prompt, 2);  // texts of 10 to 30 tokens
  EXPECT_LT(long_prompt / short_prompt, 5);
}

TEST_F(CheckTest, tries_steps_and_leaves_nothing_behind) {
  const Outcome outcome = run_program(arguments("--ranks 2 --trial 2"));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("32 steps; from 2 steps tried here on "));
  EXPECT_FALSE(std::filesystem::exists(job_.folder() / "runs"));
}

TEST_F(CheckTest, more_ranks_than_cores_are_scaled_from_what_was_tried) {
  const Outcome outcome = run_program(arguments("--ranks 4 --distributed.threads=64 --trial 1"));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("and scaled to 4 x 64"));
}

TEST_F(CheckTest, without_data_nothing_is_tried) {
  const Outcome outcome = run_program(arguments("--data.path=nowhere.h5"));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("data nowhere.h5 is not on this machine"));
  EXPECT_THAT(outcome.output, HasSubstr("time: not tried"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("tried here on")));
}

}  // namespace
}  // namespace coldframe::testing
