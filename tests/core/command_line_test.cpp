#include "framework/core/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ToolOptions final : Options {
  std::string output;
  std::string source = "csv";
  std::int64_t rows = 10;
  bool overwrite = false;
  std::vector<std::string> run;
  std::vector<std::int64_t> cutoffs;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "output", .doc = "file to write"}, output);
    visitor.visit({.name = "source", .doc = "what it is", .choices = {"csv", "movielens-100k"}}, source);
    visitor.visit({.name = "rows", .doc = "how many", .unit = "rows", .minimum = 1}, rows);
    visitor.visit({.name = "overwrite", .doc = "replace what is there"}, overwrite);
    visitor.visit({.name = "run", .doc = "run folder"}, run);
    visitor.visit({.name = "cutoffs", .doc = "ranks"}, cutoffs);
  }
  std::vector<Problem> validate() const override {
    if (output.empty()) return {{"output", "(is missing)"}};
    return {};
  }
};

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLine parse(std::vector<std::string> arguments, ConfigUse use = ConfigUse::allowed) {
    options_ = {};
    return parse_command_line(arguments, options_, use, {"run"});
  }
  std::string problems(std::vector<std::string> arguments, ConfigUse use = ConfigUse::allowed) {
    try {
      parse(std::move(arguments), use);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no problem";
  }
  ToolOptions options_;
};

TEST_F(CommandLineTest, takes_values_behind_a_blank_or_an_equals_sign) {
  parse({"--output", "a b.h5", "--rows=3", "--overwrite", "--source", "movielens-100k"});
  EXPECT_EQ(options_.output, "a b.h5");
  EXPECT_EQ(options_.rows, 3);
  EXPECT_TRUE(options_.overwrite);
  EXPECT_EQ(options_.source, "movielens-100k");
}

TEST_F(CommandLineTest, repeats_fill_lists_and_words_fill_the_positional_option) {
  parse({"--output=x", "run one", "--run", "two,half", "--cutoffs", "1,3,5", "--overwrite", "three"});
  EXPECT_THAT(options_.run, ElementsAre("run one", "two,half", "three"));
  EXPECT_THAT(options_.cutoffs, ElementsAre(1, 3, 5));
}

TEST_F(CommandLineTest, configs_and_overrides_keep_their_order) {
  const CommandLine line = parse({"--config", "a.ini", "--output=x", "--a.b=1 # 2", "--config=b.ini", "--c.d.e=f=g"});
  EXPECT_THAT(line.sources.files, ElementsAre("a.ini", "b.ini"));
  EXPECT_THAT(line.sources.overrides, ElementsAre("--a.b=1 # 2", "--c.d.e=f=g"));
}

TEST_F(CommandLineTest, texts_are_taken_literally) {
  parse({"--output", "\"a", "--run=#1"});
  EXPECT_EQ(options_.output, "\"a");
  EXPECT_THAT(options_.run, ElementsAre("#1"));
}

TEST_F(CommandLineTest, a_switch_can_be_turned_off) {
  parse({"--output=x", "--overwrite=false"});
  EXPECT_FALSE(options_.overwrite);
}

TEST_F(CommandLineTest, a_negative_number_is_a_value) {
  EXPECT_THAT(problems({"--output=x", "--rows", "-3"}), HasSubstr("--rows -3 (must be >= 1)"));
}

TEST_F(CommandLineTest, help_and_dumps_are_recognised_and_help_needs_nothing_else) {
  EXPECT_TRUE(parse({"--help"}).help);
  EXPECT_TRUE(parse({"-h"}).help);
  EXPECT_TRUE(parse({"--dump-config", "--output=x"}).dump_config);
}

TEST_F(CommandLineTest, all_problems_come_at_once_with_the_nearest_name) {
  EXPECT_EQ(problems({"--outptu=x", "--rows=many", "--source=cvs", "-v"}),
            "--outptu (unknown argument) did you mean --output?\n"
            "  --rows many (not a whole number)\n"
            "  --source cvs (must be csv | movielens-100k) did you mean csv?\n"
            "  -v (unknown argument) see --help");
}

TEST_F(CommandLineTest, a_key_of_the_configuration_without_its_section_is_told_where_it_stands) {
  ToolOptions section;
  ConfigSchema schema;
  schema.section("reading", "", section);
  const std::vector<std::string> arguments = {"--output=x", "--rowz=1", "--cutoffs=2"};
  struct Nothing final : Options {
    void describe(OptionVisitor&) override {}
  } nothing;
  try {
    parse_command_line(arguments, nothing, ConfigUse::allowed, {}, &schema);
    FAIL() << "not refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--output (unknown argument) did you mean --reading.output?"));
    EXPECT_THAT(error.what(), HasSubstr("--cutoffs (unknown argument) did you mean --reading.cutoffs?"));
    EXPECT_THAT(error.what(), HasSubstr("--rowz (unknown argument) see --help"));
  }
}

TEST_F(CommandLineTest, abbreviations_are_not_guessed) {
  EXPECT_THAT(problems({"--out=x"}), HasSubstr("--out (unknown argument)"));
}

TEST_F(CommandLineTest, a_missing_value_a_repeat_and_a_missing_option_are_named) {
  EXPECT_THAT(problems({"--output"}), HasSubstr("--output"));
  EXPECT_EQ(problems({"--output=x", "--output=y"}), "--output y (given twice)");
  EXPECT_EQ(problems({"--rows=2"}), "--output (is missing)");
}

TEST_F(CommandLineTest, commands_without_a_configuration_refuse_one) {
  EXPECT_THAT(problems({"--output=x", "--config=a.ini", "--a.b=1"}, ConfigUse::none),
              HasSubstr("--config (unknown argument)"));
  EXPECT_THAT(problems({"--output=x", "--a.b=1"}, ConfigUse::none), HasSubstr("--a.b (unknown argument)"));
}

TEST_F(CommandLineTest, words_are_refused_where_none_belong) {
  options_ = {};
  const std::vector<std::string> arguments = {"--output=x", "stray"};
  EXPECT_THROW(parse_command_line(arguments, options_, ConfigUse::none), ConfigError);
}

TEST_F(CommandLineTest, help_lines_carry_unit_range_and_default) {
  const std::string help = options_help(options_);
  EXPECT_THAT(help, HasSubstr("--rows       how many (rows, >= 1, default 10)\n"));
  EXPECT_THAT(help, HasSubstr("--output     file to write (no default)\n"));
}

}  // namespace
}  // namespace coldframe
