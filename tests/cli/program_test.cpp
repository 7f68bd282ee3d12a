#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::Outcome;
using testing::run_program;

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(std::filesystem::exists(testing::program_path())) << testing::program_path(); }
};

TEST_F(ProgramTest, tells_its_version_and_commit) {
  const Outcome outcome = run_program("--version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.output, MatchesRegex("coldframe [0-9.]+ \\(revision ([0-9a-f]+(-dirty)?|unknown), GNU .*\\)\n"));
}

TEST_F(ProgramTest, help_of_every_subcommand_works) {
  const Outcome outcome = run_program("--help");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("  import "));
  EXPECT_EQ(run_program("import --help").code, 0);
}

TEST_F(ProgramTest, strategies_are_listed_with_what_they_train) {
  if (run_program("train --help").code != 0) GTEST_SKIP() << "this build has only the torch-free layers";
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const auto encoder = std::filesystem::path(source == nullptr ? "." : source) / "tests/golden/tiny_encoder";
  const Outcome outcome = run_program("strategies --encoder.folder=" + encoder.string());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  // 2 layers x 2 maps x 2 factors of 8 x 64, and 2 (7 * 64 + 128) + 64 biases.
  EXPECT_THAT(outcome.output, HasSubstr("\nlora                4096  yes     PEFT folder"));
  EXPECT_THAT(outcome.output, HasSubstr("\nbitfit              1216  yes     changed weights"));
  EXPECT_THAT(outcome.output, HasSubstr("(BitFit, arXiv 2106.10199)\n"));
  EXPECT_THAT(outcome.output, HasSubstr("\nhoulsby             2832  no      AdapterHub folder"));
  const Outcome elsewhere = run_program("strategies --encoder.folder=/nowhere");
  EXPECT_EQ(elsewhere.code, 0);
  EXPECT_THAT(elsewhere.output, HasSubstr("encoder /nowhere is not on this machine: nothing is counted"));
}

TEST_F(ProgramTest, the_configuration_page_of_the_guide_is_up_to_date) {
  if (run_program("train --help").code != 0) GTEST_SKIP() << "this build has only the torch-free layers";
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const auto page = std::filesystem::path(source == nullptr ? "." : source) / "docs/guide/configuration.md";
  EXPECT_EQ(run_program("--configuration").output, read_file(page))
      << "run: coldframe --configuration > docs/guide/configuration.md";
}

TEST_F(ProgramTest, unknown_words_end_with_the_code_for_configurations) {
  EXPECT_EQ(run_program("imprt").code, 2);
  EXPECT_THAT(run_program("imprt").errors, HasSubstr("did you mean import?"));
  EXPECT_EQ(run_program("import --nothing").code, 2);
}

TEST_F(ProgramTest, a_full_disk_behind_standard_output_is_an_error) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const std::string command = fmt::format("'{}' --help >/dev/full 2>/dev/null", testing::program_path().string());
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 3);
}

}  // namespace
}  // namespace coldframe
