// `coldframe check` against the run that it speaks of.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
