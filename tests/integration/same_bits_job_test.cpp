// The first promise through the program itself: real MPI ranks, real checkpoints, a real SIGKILL.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "framework/core/philox.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

class SameBitsJobTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::string strategy() const {
    return GetParam() == "full" ? "--strategy.use=full --training.text_noise=typos,truncation --training.text_noise_severity=0.4"
                                : "--strategy.use=lora --objective.contrastive.r_drop=1";
  }
  void train(int ranks, const std::string& root, const std::string& more) const {
    const Outcome outcome = job_.train(ranks, root, strategy() + " " + more);
    ASSERT_EQ(outcome.code, 0) << root << ": " << outcome.errors;
  }
  std::filesystem::path run(const std::string& root) const { return job_.run(root, GetParam()); }
  TrainingJob job_;
};

TEST_P(SameBitsJobTest, on_one_to_four_ranks) {
  train(0, "alone", "--distributed.threads=1");
  train(0, "two_threads", "--distributed.threads=2");
  EXPECT_EQ(difference_between(run("alone"), run("two_threads")), "");
  for (const int ranks : {2, 3, 4}) {
    const std::string root = fmt::format("ranks{}", ranks);
    train(ranks, root, "--distributed.threads=1");
    EXPECT_EQ(difference_between(run("alone"), run(root)), "") << ranks << " ranks";
  }
}

TEST_P(SameBitsJobTest, after_sigkill_at_a_random_step_and_resume_on_other_ranks) {
  train(0, "whole", "--distributed.threads=1");
  const std::uint32_t word = philox4x32({static_cast<std::uint32_t>(getpid()), 0, 0, 0}, {1, 2})[0];
  const std::size_t killed_after = 30 + uniform_below(word, 120);
  const pid_t job = job_.start(2, "killed", strategy() + " --distributed.threads=1");
  ASSERT_TRUE(wait_for_records(run("killed") / "metrics.log", killed_after, 120)) << read_file(job_.folder() / "killed.log");
  const std::vector<pid_t> ranks = rank_processes((job_.folder() / "killed").string());
  ASSERT_EQ(ranks.size(), 2u);
  kill(ranks[1], SIGKILL);
  EXPECT_NE(TrainingJob::wait(job, 60), 0);
  train(3, "killed", "--distributed.threads=1 --resume");
  EXPECT_EQ(difference_between(run("whole"), run("killed")), "") << "killed after " << killed_after << " records";
}

TEST_P(SameBitsJobTest, after_a_clean_stop_and_resume) {
  train(0, "whole", "--distributed.threads=1");
  const pid_t job = job_.start(0, "stopped", strategy() + " --distributed.threads=1");
  ASSERT_TRUE(wait_for_records(run("stopped") / "metrics.log", 25, 120));
  kill(job, SIGTERM);
  EXPECT_EQ(TrainingJob::wait(job, 60), 75);
  train(2, "stopped", "--distributed.threads=1 --resume");
  EXPECT_EQ(difference_between(run("whole"), run("stopped")), "");
}

INSTANTIATE_TEST_SUITE_P(Strategies, SameBitsJobTest, ::testing::Values("full", "lora"));

/// Twenty steps of the default encoder on real data.
TEST(SameBitsOnMiniLmTest, on_one_and_on_three_ranks_and_after_a_resume) {
  const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
  const std::filesystem::path root = deps == nullptr ? "" : deps;
  if (!std::filesystem::exists(root / "encoders/all-MiniLM-L6-v2") || !std::filesystem::exists(root / "movielens-100k")) {
    GTEST_SKIP() << "the default encoder or MovieLens-100K is not in " << root << " (cluster/setup.sh brings both)";
  }
  const TrainingJob job;
  const std::string store = (job.folder() / "ml.h5").string();
  ASSERT_EQ(run_program(fmt::format("import --source movielens-100k --input {} --output {}", (root / "movielens-100k").string(), store)).code, 0);
  const std::string settings = fmt::format(
      "--data.path={} --encoder.folder={} --batch.pairs=8 --batch.extra_items=8 --batch.tokens=512 --schedule.steps=20 "
      "--schedule.warmup=2 --training.validate_every=0 --checkpoint.every=8 --distributed.threads=1 --strategy.use=lora",
      store, (root / "encoders/all-MiniLM-L6-v2").string());
  ASSERT_EQ(job.train(0, "alone", settings).code, 0);
  const Outcome three = job.train(3, "three", settings);
  ASSERT_EQ(three.code, 0) << three.errors;
  EXPECT_EQ(difference_between(job.run("alone", "lora"), job.run("three", "lora")), "");
  std::filesystem::remove_all(job.run("three", "lora") / "checkpoints/step-20");
  const Outcome resumed = job.train(2, "three", settings + " --resume");
  ASSERT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_EQ(difference_between(job.run("alone", "lora"), job.run("three", "lora")), "");
}

}  // namespace
}  // namespace coldframe::testing
