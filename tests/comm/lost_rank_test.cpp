#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "framework/comm/position.h"
#include "tests/comm/child_process.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

constexpr double k_deadline = 6;
// For mpirun to clear up after the job, on a machine that may be crowded.
constexpr double k_clearing_seconds = 60;
constexpr double k_hang_seconds = 200;

struct Ending {
  CommandResult result;
  std::vector<int> left_behind;
};

enum class Words { through_mpirun, in_a_file };

/// On a crowded machine mpirun may end before it has passed on what dying ranks wrote; what matters there goes to a
/// file.
Ending run_unlucky(int ranks, const std::string& what, int victim, Words words = Words::through_mpirun) {
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
  static int runs = 0;
  const std::string token = fmt::format("token-{}-{}", getpid(), runs++);
  const std::string file = testing::TempDir() + token;
  std::vector<std::string> command{"mpirun", "-n", std::to_string(ranks)};
  if (words == Words::in_a_file) {
    command.insert(command.end(), {"sh", "-c", fmt::format("exec \"$0\" \"$@\" 2>>'{}'", file)});
  }
  command.insert(command.end(),
                 {COLDFRAME_UNLUCKY_RANK, what, std::to_string(victim), fmt::format("{}", k_deadline), token});
  Ending ending;
  ending.result = run_command(command, k_hang_seconds);
  if (words == Words::in_a_file) {
    std::ostringstream said;
    said << std::ifstream(file).rdbuf();
    ending.result.output += said.str();
    ending.result.growth.emplace_back(ending.result.seconds, ending.result.output.size());
    std::filesystem::remove(file);
  }
  ending.left_behind = processes_left_with_argument(token, 5);
  return ending;
}

/// "rank 1 on <host> (phase training, step 17)"
std::string place(int rank, const std::string& phase, int step) {
  return detail::describe_rank(rank, detail::this_host(), {phase, step});
}

/// It ended with a failure, nothing is left of it, and `words` were said in time after the loss.
void expect_the_job_ended(const Ending& ending, const std::string& words, double seconds = k_deadline) {
  const CommandResult& result = ending.result;
  EXPECT_NE(result.exit_code, 0) << result.output;
  EXPECT_NE(result.exit_code, -1) << "the job hung: " << result.output;
  ASSERT_THAT(result.output, HasSubstr(words));
  const double lost = result.seconds_when("the moment of loss");
  EXPECT_LT(result.seconds_when(words) - lost, seconds) << result.output;
  EXPECT_LT(result.seconds - lost, seconds + k_clearing_seconds) << result.output;
  EXPECT_THAT(ending.left_behind, ::testing::IsEmpty());
}

struct Case {
  int ranks;
  int victim;
};

int times(const std::string& text, const std::string& words) {
  int found = 0;
  for (std::size_t at = text.find(words); at != text.npos; at = text.find(words, at + 1)) ++found;
  return found;
}

class LostRankTest : public ::testing::TestWithParam<Case> {};

TEST_P(LostRankTest, that_exits_says_so_and_ends_the_job) {
  const Ending ending = run_unlucky(GetParam().ranks, "exit", GetParam().victim);
  expect_the_job_ended(ending, place(GetParam().victim, "training", 17) + " left the job");
}

TEST_P(LostRankTest, that_aborts_inside_a_collective_says_so_and_ends_the_job) {
  const Ending ending = run_unlucky(GetParam().ranks, "abort", GetParam().victim);
  expect_the_job_ended(ending, place(GetParam().victim, "training", 17));
  EXPECT_THAT(ending.result.output, HasSubstr("crashed (SIGABRT)"));
}

TEST_P(LostRankTest, that_is_killed_is_named_by_a_survivor) {
  for (const char* what : {"kill", "vanish"}) {
    const Ending ending = run_unlucky(GetParam().ranks, what, GetParam().victim, Words::in_a_file);
    expect_the_job_ended(ending, "waiting for " + place(GetParam().victim, "training", 17));
  }
}

TEST_P(LostRankTest, that_is_stopped_is_named_within_the_deadline) {
  const Ending ending = run_unlucky(GetParam().ranks, "stop", GetParam().victim);
  expect_the_job_ended(ending, place(GetParam().victim, "training", 17) + " gave no sign of life");
  EXPECT_EQ(ending.result.exit_code, 5) << ending.result.output;
  EXPECT_EQ(times(ending.result.output, "error: "), 1) << "said more than once\n" << ending.result.output;
}

TEST_P(LostRankTest, that_is_stopped_while_nobody_waits_for_it_is_named_too) {
  const Ending ending = run_unlucky(GetParam().ranks, "stop_while_computing", GetParam().victim);
  expect_the_job_ended(ending, place(GetParam().victim, "evaluation", 17) + " gave no sign of life");
  EXPECT_EQ(ending.result.exit_code, 5) << ending.result.output;
}

TEST_P(LostRankTest, that_throws_ends_the_job_with_its_exit_code) {
  const Ending ending = run_unlucky(GetParam().ranks, "throw", GetParam().victim);
  expect_the_job_ended(ending, "error: row 7 has no user");
  EXPECT_EQ(ending.result.exit_code, 3) << ending.result.output;
}

INSTANTIATE_TEST_SUITE_P(Ranks, LostRankTest, ::testing::Values(Case{2, 0}, Case{3, 1}, Case{4, 3}),
                         [](const auto& each) {
                           return fmt::format("victim_{}_of_{}", each.param.victim, each.param.ranks);
                         });

TEST(LostRanksTest, several_stopped_ranks_are_named_together) {
  const Ending ending = run_unlucky(4, "stop_all_but_root", 1);
  expect_the_job_ended(ending, "gave no sign of life");
  EXPECT_EQ(ending.result.exit_code, 5);
  for (const int rank : {1, 2, 3}) EXPECT_THAT(ending.result.output, HasSubstr(place(rank, "training", 17)));
}

TEST(SlowRankTest, that_computes_past_the_deadline_is_waited_for) {
  const Ending ending = run_unlucky(3, "compute_long", 1);
  EXPECT_EQ(ending.result.exit_code, 0) << ending.result.output;
  EXPECT_GT(ending.result.seconds, 1.3 * k_deadline);
}

TEST(SlowRankTest, that_never_answers_is_named_at_the_stall_limit) {
  const Ending ending = run_unlucky(2, "linger", 0);
  expect_the_job_ended(ending, place(0, "training", 17) + " did not answer rank 1", 2 * k_deadline + 3);
  EXPECT_EQ(ending.result.exit_code, 5) << ending.result.output;
  EXPECT_THAT(ending.result.output, HasSubstr("stall_limit_seconds"));
}

TEST(CleanStopTest, that_one_rank_asks_for_ends_all_with_75) {
  const Ending ending = run_unlucky(3, "request", 1);
  EXPECT_EQ(ending.result.exit_code, 75) << ending.result.output;
  EXPECT_THAT(ending.left_behind, ::testing::IsEmpty());
}

}  // namespace
}  // namespace coldframe
