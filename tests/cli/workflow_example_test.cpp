// The gate that docs/guide/ci.md offers for copying: every command, option and file in it exists.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "framework/reporting/acceptance.h"
#include "tests/cli/program.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using testing::run_program;

std::filesystem::path source_folder() {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  return source == nullptr ? "." : source;
}

class WorkflowExample : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run_program("train --help").code != 0) GTEST_SKIP() << "this build has only the torch-free layers";
  }
  std::string text(const std::string& name) const {
    return read_file(source_folder() / "experiments/acceptance" / name);
  }
};

TEST_F(WorkflowExample, uses_subcommands_and_options_that_exist) {
  const std::string script = text("gate.sh");
  std::size_t commands = 0, options = 0;
  // Lines `"$program" COMMAND ...`, and the gates of the loop, `"COMMAND --options"`.
  for (const char* form : {"\"\\$program\" ([a-z]+) (--[^\n]*)", "\"([a-z]+) (--[^\"\n]*)\""}) {
    const std::regex call(form);
    for (std::sregex_iterator at(script.begin(), script.end(), call), end; at != end; ++at, ++commands) {
      const auto help = run_program((*at)[1].str() + " --help");
      EXPECT_EQ(help.code, 0) << (*at)[1];
      const std::string words = (*at)[2].str();
      const std::regex option("--([a-z][a-z_.-]*)");
      for (std::sregex_iterator word(words.begin(), words.end(), option); word != end; ++word, ++options) {
        EXPECT_THAT(help.output, HasSubstr("--" + (*word)[1].str() + " ")) << (*at)[1];
      }
    }
  }
  EXPECT_EQ(commands, 5u);
  EXPECT_GE(options, 14u);
}

TEST_F(WorkflowExample, names_files_that_exist) {
  const std::string workflow = text("github-actions.yml");
  const std::regex file("(experiments/acceptance/[a-z_.-]+|cluster/[a-z_.-]+)");
  std::size_t files = 0;
  for (std::sregex_iterator at(workflow.begin(), workflow.end(), file), end; at != end; ++at, ++files) {
    EXPECT_TRUE(std::filesystem::exists(source_folder() / at->str())) << at->str();
  }
  EXPECT_GE(files, 4u);
  EXPECT_THAT(read_file(source_folder() / "Makefile"), HasSubstr("\nbuild: ")) << "the workflow calls make build";
}

TEST_F(WorkflowExample, has_bounds_that_a_training_run_accepts) {
  for (const std::string name : {"bounds.ini", "no_worse.ini"}) {
    const auto path = (source_folder() / "experiments/acceptance" / name).string();
    const auto dump = run_program("train --data.path=x.h5 --dump-config --config " + path);
    EXPECT_EQ(dump.code, 0) << dump.errors;
    EXPECT_THAT(dump.output, HasSubstr("[expect]\nevaluation.ndcg@10.shot0"));
  }
}

}  // namespace
}  // namespace coldframe
