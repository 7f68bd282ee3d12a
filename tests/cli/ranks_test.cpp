#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

Outcome run_ranks(int ranks, const std::string& arguments) {
  const char* folder = std::getenv("COLDFRAME_BINARY_DIR");
  const auto program = std::filesystem::path(folder == nullptr ? "." : folder) / "tests/cli/rank_program";
  return testing::run_command(fmt::format("timeout 120 mpirun -n {} '{}' work {}", ranks, program.string(), arguments));
}

int lines_with(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class RanksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun here";
  }
};

TEST_F(RanksTest, ranks_work_together_and_return_zero) {
  const Outcome outcome = run_ranks(3, "");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "3 ranks\n");
}

TEST_F(RanksTest, a_mistake_in_the_configuration_is_said_once) {
  const Outcome outcome = run_ranks(3, "--a.b=1");
  EXPECT_EQ(outcome.code, 2) << outcome.errors;
  EXPECT_EQ(lines_with(outcome.errors, "error:"), 1) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("(unknown section)"));
}

TEST_F(RanksTest, the_exit_code_of_rank_zero_passes_through_the_launcher) {
  EXPECT_EQ(run_ranks(2, "--fault=stopped").code, 75);
}

TEST_F(RanksTest, a_failure_of_one_rank_ends_the_job_and_names_the_rank) {
  for (const int rank : {0, 1}) {
    const Outcome outcome = run_ranks(2, fmt::format("--fault=data --at-rank={}", rank));
    EXPECT_EQ(outcome.code, 3) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(fmt::format("coldframe: [rank {}] error: bad shard", rank)));
  }
}

TEST_F(RanksTest, without_a_launcher_it_is_one_rank) {
  const char* folder = std::getenv("COLDFRAME_BINARY_DIR");
  const auto program = std::filesystem::path(folder == nullptr ? "." : folder) / "tests/cli/rank_program";
  const Outcome outcome = testing::run_command(fmt::format("'{}' work", program.string()));
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "1 ranks\n");
}

}  // namespace
}  // namespace coldframe
