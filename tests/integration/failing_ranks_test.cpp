// Ranks that die or fall silent, under a real launcher: the job ends soon, says who was where, and leaves nothing
// behind.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* k_settings = "--distributed.threads=1 --distributed.deadline_seconds=4";
constexpr double k_end_within = 40;  // the deadline, the launcher's own grace period, and a slow machine

struct Trouble {
  std::string name;
  int ranks;
  int victim;
  int signal;
};

class FailingRanksTest : public ::testing::TestWithParam<Trouble> {
 protected:
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun here";
  }
  void TearDown() override {
    for (const pid_t process : rank_processes(root())) kill(process, SIGKILL);
  }
  std::string root() const { return (job_.folder() / "runs").string(); }
  std::string said() const { return read_file(job_.folder() / "runs.log"); }

  /// Starts a job, and lets the trouble come after some steps.
  void strike(const std::string& settings, std::size_t after_records) const {
    const Trouble& trouble = GetParam();
    const pid_t job = job_.start(trouble.ranks, "runs", fmt::format("{} {}", k_settings, settings));
    ASSERT_TRUE(wait_for_records(job_.run("runs", "lora") / "metrics.log", after_records, 240)) << said();
    const std::vector<pid_t> ranks = rank_processes(root());
    ASSERT_EQ(ranks.size(), static_cast<std::size_t>(trouble.ranks));
    const pid_t victim = ranks[static_cast<std::size_t>(trouble.victim)];
    kill(victim, trouble.signal);
    const int code = TrainingJob::wait(job, k_end_within);
    EXPECT_NE(code, -1) << "the job did not end by itself\n" << said();
    EXPECT_NE(code, 0);
    expect_nothing_left(victim);
  }

  /// A stopped process cannot act on anything but SIGKILL; the launcher sends it, a moment later.
  void expect_nothing_left(pid_t victim) const {
    for (int wait = 0; wait < 100 && !rank_processes(root()).empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(rank_processes(root()).empty()) << "processes are left behind; the victim was " << victim;
  }
  TrainingJob job_;
};

TEST_P(FailingRanksTest, in_training) {
  strike("--training.validate_every=0 --schedule.steps=5000", 10);
  EXPECT_THAT(said(), ContainsRegex("rank [0-9]+ on [^ ]+ \\(phase [a-z ]+, step [0-9]+\\)"));
  if (GetParam().signal == SIGSTOP) {
    EXPECT_THAT(said(), HasSubstr(fmt::format("rank {} on", GetParam().victim)));
    // Once; a second living rank speaks up when the first was kept from its core and could not end the job in time.
    EXPECT_GE(count(said(), "gave no sign of life"), 1) << said();
    EXPECT_LE(count(said(), "gave no sign of life"), GetParam().ranks - 1) << said();
    // The log is rank 0's.
    const std::string log = read_file(job_.run("runs", "lora") / "log.txt");
    EXPECT_LE(count(log, "gave no sign of life"), GetParam().victim == 0 ? 0 : 1) << log;
  }
}

/// With a look at role V after every step, most of the time goes there.
TEST_P(FailingRanksTest, in_validation) {
  strike("--training.validate_every=1 --schedule.steps=5000", 10);
  EXPECT_THAT(said(), ContainsRegex("rank [0-9]+ on [^ ]+ \\(phase [a-z ]+, step [0-9]+\\)"));
}

INSTANTIATE_TEST_SUITE_P(Signals, FailingRanksTest,
                         ::testing::Values(Trouble{"killed_1_of_2", 2, 1, SIGKILL},
                                           Trouble{"killed_0_of_3", 3, 0, SIGKILL},
                                           Trouble{"stopped_0_of_2", 2, 0, SIGSTOP},
                                           Trouble{"stopped_1_of_3", 3, 1, SIGSTOP}),
                         [](const auto& test) { return test.param.name; });

/// The other commands of several ranks: one run and one population serve all tests.
class FailingReadersTest : public ::testing::TestWithParam<Trouble> {
 protected:
  static void SetUpTestSuite() {
    job_ = new TrainingJob;
    ASSERT_EQ(job_->train(0, "runs", "--schedule.steps=2 --schedule.warmup=1 --training.validate_every=0").code, 0);
    ASSERT_EQ(run_program(fmt::format("population {}", world())).code, 0);
  }
  static void TearDownTestSuite() {
    delete job_;
    job_ = nullptr;
  }
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun here";
  }
  void TearDown() override {
    for (const pid_t process : rank_processes(run())) kill(process, SIGKILL);
  }

  static std::string run() { return job_->run("runs", "lora").string(); }
  static std::string world() {
    return fmt::format("--config {} --population.path={}/pop.h5 --population.profile_pool=16", (job_->folder() / "job.ini").string(),
                       job_->folder().string());
  }
  std::string said() const { return read_file(job_->folder() / "job.log"); }

  void strike(const std::string& command) const {
    const Trouble& trouble = GetParam();
    const pid_t job = job_->start_program(trouble.ranks, "job", fmt::format("{} {}", command, k_settings));
    for (int wait = 0; wait < 6000 && rank_processes(run()).size() < static_cast<std::size_t>(trouble.ranks); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const std::vector<pid_t> ranks = rank_processes(run());
    ASSERT_EQ(ranks.size(), static_cast<std::size_t>(trouble.ranks)) << said();
    ASSERT_TRUE(wait_for_work(ranks, 0.6, 240)) << said();
    kill(ranks[static_cast<std::size_t>(trouble.victim)], trouble.signal);
    const int code = TrainingJob::wait(job, k_end_within);
    EXPECT_NE(code, -1) << "the job did not end by itself\n" << said();
    EXPECT_NE(code, 0);
    EXPECT_THAT(said(), ContainsRegex("rank [0-9]+ on [^ ]+ \\(phase [a-z ]+, step [0-9]+\\)"));
    if (trouble.signal != SIGKILL) {
      EXPECT_THAT(said(), HasSubstr(fmt::format("rank {} on", trouble.victim)));
    }
    EXPECT_LE(count(said(), "gave no sign of life"), GetParam().ranks - 1) << said();
    for (int wait = 0; wait < 100 && !rank_processes(run()).empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(rank_processes(run()).empty()) << "processes are left behind";
  }
  static TrainingJob* job_;
};

TrainingJob* FailingReadersTest::job_ = nullptr;

TEST_P(FailingReadersTest, in_evaluation) {
  std::string command = "evaluate";
  for (int i = 0; i < 2000; ++i) command += " --run " + run();  // long enough to be struck in the middle
  strike(command);
  EXPECT_EQ(run_program("evaluate --run " + run()).code, 0) << "the record was left in a state that cannot be read";
}

TEST_P(FailingReadersTest, in_simulation) {
  const std::filesystem::path output = job_->folder() / "sim.h5";
  strike(fmt::format("simulate {} --run {} --output {} --simulation.threads=1 --simulation.users=5000000 "
                     "--simulation.popular_click_rate=0.14 --simulation.calibration_users=32",
                     world(), run(), output.string()));
  EXPECT_FALSE(std::filesystem::exists(output)) << "half a simulation was written";
}

INSTANTIATE_TEST_SUITE_P(Signals, FailingReadersTest,
                         ::testing::Values(Trouble{"killed_1_of_2", 2, 1, SIGKILL}, Trouble{"aborted_0_of_2", 2, 0, SIGABRT},
                                           Trouble{"stopped_1_of_2", 2, 1, SIGSTOP}),
                         [](const auto& test) { return test.param.name; });

TEST(StoppedJobTest, ends_with_a_checkpoint_on_sigterm_to_all_ranks_and_goes_on) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun here";
  const TrainingJob job;
  const std::string settings = "--distributed.threads=1 --checkpoint.every=0 --schedule.steps=60";
  const auto run = job.run("runs", "lora");
  const pid_t started = job.start(2, "runs", settings);
  ASSERT_TRUE(wait_for_records(run / "metrics.log", 5, 240));
  for (const pid_t process : rank_processes((job.folder() / "runs").string())) kill(process, SIGTERM);
  EXPECT_EQ(TrainingJob::wait(started, 120), 75) << read_file(job.folder() / "runs.log");
  EXPECT_TRUE(rank_processes((job.folder() / "runs").string()).empty());
  EXPECT_TRUE(std::filesystem::exists(run / "checkpoints"));
  const Outcome resumed = job.train(3, "runs", settings + " --resume");
  EXPECT_EQ(resumed.code, 0) << resumed.errors;
}

}  // namespace
}  // namespace coldframe::testing
