#include <gmock/gmock.h>

#include "tests/core/config_fixture.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

class ConfigProblemsTest : public testing::ConfigFixture {};

TEST_F(ConfigProblemsTest, a_value_out_of_range_names_key_value_place_range_and_a_way_out) {
  EXPECT_EQ(problems_of("\n[optimizer]\nlearning_rate = -0.1\n"),
            "optimizer.learning_rate = -0.1 in a.ini:3 (must be > 0) try 0.0003");
  EXPECT_EQ(problems_of("[optimizer]\nlearning_rate = 0\n"),
            "optimizer.learning_rate = 0 in a.ini:2 (must be > 0) try 0.0003");
  EXPECT_EQ(problems_of("[optimizer]\nbeta = 1.01\n"), "optimizer.beta = 1.01 in a.ini:2 (must be 0 .. 1) try 0.9");
  EXPECT_EQ(problems_of("[optimizer]\ncutoffs = 3, 0\n"),
            "optimizer.cutoffs = 3, 0 in a.ini:2 (must be >= 1) try 5, 10");
  EXPECT_EQ(problems_of("[optimizer]\nbeta = nan\n"),
            "optimizer.beta = nan in a.ini:2 (must be a finite number) try 0.9");
  EXPECT_EQ(problems_of("[optimizer]\nscales = 1 inf\n"),
            "optimizer.scales = 1 inf in a.ini:2 (must be a finite number) try ");
}

TEST_F(ConfigProblemsTest, what_does_nothing_is_a_mistake_but_where_a_run_wrote_it) {
  const std::string idle = "[optimizer]\nnote = cosine only\n";
  EXPECT_EQ(problems_of(idle), "optimizer.note = cosine only in a.ini:2 (does nothing) leave it out");
  EXPECT_THROW(load_config(schema_, {{}, {"optimizer.note=cosine only"}}), ConfigError);
  EXPECT_NO_THROW(load_config(schema_, {files_, {}, files_[0]}));
  EXPECT_EQ(optimizer_.note, "cosine only");
  EXPECT_THROW(load_config(schema_, {files_, {"optimizer.note=cosine only"}, files_[0]}), ConfigError);
  EXPECT_THROW(load_config(schema_, {files_, {}, write("b.ini", idle)}), ConfigError);
  EXPECT_EQ(problems_of("[optimizer]\nschedule = cosine\nwarmup = 0\n"),
            "optimizer.warmup = 0 in a.ini:3 (cosine needs a warm-up) try 10");
  EXPECT_THROW(load_config(schema_, {files_, {}, files_[0]}), ConfigError) << "this is more than idle";
}

TEST_F(ConfigProblemsTest, the_ends_of_a_range_belong_to_it) {
  EXPECT_EQ(problems_of("[optimizer]\nbeta = 1\nwarmup = 0\n"), "no problem");
  EXPECT_EQ(problems_of("[optimizer]\nbeta = 0\n"), "no problem");
}

TEST_F(ConfigProblemsTest, a_wrong_choice_names_the_nearest) {
  EXPECT_EQ(problems_of("[optimizer]\nschedule = cosin\n"),
            "optimizer.schedule = cosin in a.ini:2 (must be linear | cosine) did you mean cosine?");
}

TEST_F(ConfigProblemsTest, wrong_types_are_told_apart) {
  EXPECT_EQ(problems_of("[optimizer]\nwarmup = 12abc\n"), "optimizer.warmup = 12abc in a.ini:2 (not a whole number)");
  EXPECT_EQ(problems_of("[optimizer]\nwarmup = 1.5\n"), "optimizer.warmup = 1.5 in a.ini:2 (not a whole number)");
  EXPECT_EQ(problems_of("[optimizer]\nwarmup = 99999999999999999999\n"),
            "optimizer.warmup = 99999999999999999999 in a.ini:2 (not a whole number)");
  EXPECT_EQ(problems_of("[optimizer]\nwarmup =\n"), "optimizer.warmup =  in a.ini:2 (empty, not a whole number)");
  EXPECT_EQ(problems_of("[optimizer]\nbeta = 0,9\n"), "optimizer.beta = 0,9 in a.ini:2 (not a number)");
  EXPECT_EQ(problems_of("[optimizer]\namsgrad = maybe\n"), "optimizer.amsgrad = maybe in a.ini:2 (not true or false)");
  EXPECT_EQ(problems_of("[optimizer]\ncutoffs = 1 x\n"),
            "optimizer.cutoffs = 1 x in a.ini:2 (x is not a whole number)");
  EXPECT_EQ(problems_of("[optimizer]\ncutoffs = 1,,2\n"),
            "optimizer.cutoffs = 1,,2 in a.ini:2 (not a list: its commas or quotes do not fit)");
}

TEST_F(ConfigProblemsTest, an_unknown_key_names_the_nearest_one) {
  EXPECT_EQ(problems_of("[optimizer]\nlearning_rte = 1\n"),
            "optimizer.learning_rte in a.ini:2 (unknown key) did you mean learning_rate?");
  EXPECT_EQ(problems_of("[optimizer]\nseed = 1\n"),
            "optimizer.seed in a.ini:2 (unknown key) did you mean experiment.seed?");
  EXPECT_EQ(problems_of("[experiment]\nnote = 1\n"),
            "experiment.note in a.ini:2 (unknown key) did you mean optimizer.note?")
      << "root is as near, but it is another name";
  EXPECT_EQ(problems_of("[experiment]\nzzz = 1\n"), "experiment.zzz in a.ini:2 (unknown key) known: root, seed");
}

TEST_F(ConfigProblemsTest, abbreviations_are_not_guessed) {
  EXPECT_THAT(problems({"--optimizer.learning=0.5"}), HasSubstr("(unknown key)"));
}

TEST_F(ConfigProblemsTest, an_unknown_section_is_named_once_with_the_nearest) {
  EXPECT_EQ(problems_of("[optimiser]\nlearning_rate = 1\nbeta = 2\n"),
            "[optimiser] in a.ini:1 (unknown section) did you mean optimizer?");
  EXPECT_EQ(problems_of("[]\n"), "[] is not a section in a.ini:1 (expected [name])");
  EXPECT_EQ(problems_of("[strategy]\nrank = 1\n"),
            "[strategy] in a.ini:1 (unknown section) name an instance: [strategy.NAME]");
}

TEST_F(ConfigProblemsTest, a_key_given_twice_names_both_lines) {
  EXPECT_EQ(problems_of("[optimizer]\nbeta = 0.1\n\n[optimizer]\nbeta = 0.2\n"),
            "optimizer.beta in a.ini:5 (given twice: first in a.ini:2)");
  EXPECT_EQ(problems({"--experiment.seed=1", "--experiment.seed=2"}),
            "2 problems in the configuration\n"
            "  optimizer.beta in a.ini:5 (given twice: first in a.ini:2)\n"
            "  experiment.seed on the command line (given twice: 1 and 2)");
}

TEST_F(ConfigProblemsTest, broken_lines_are_named) {
  EXPECT_EQ(problems_of("[optimizer\n"), "[optimizer is not a section in a.ini:1 (expected [name])");
  EXPECT_EQ(problems_of("[optimizer]\nbeta 0.1\n"), "\"beta 0.1\" is not a setting in a.ini:2 (expected key = value)");
  EXPECT_EQ(problems_of("[optimizer]\n= 1\n"), "\"= 1\" is not a setting in a.ini:2 (expected key = value)");
  EXPECT_EQ(problems_of("beta = 0.1\n"), "beta in a.ini:1 (outside of any section) write section.key");
  EXPECT_EQ(problems_of("[optimizer]\nnote = \"open\n"),
            "note has a quote without an end in a.ini:2 (quotes close on the same line)");
  EXPECT_EQ(problems_of("[optimizer]\nnote = \"a\" b\n"),
            "optimizer.note = \"a\" b in a.ini:2 (its quotes do not fit)");
  EXPECT_EQ(problems_of("[optimizer]\nnote = \xFF\n"), "not a line of text in a.ini:2 (invalid UTF-8)");
  EXPECT_THAT(problems_of(std::string_view("[optimizer]\nnote = a\0b\n", 23)),
              HasSubstr("not a line of text in a.ini:2"));
}

TEST_F(ConfigProblemsTest, kinds_of_instances_are_checked) {
  EXPECT_EQ(problems_of("[strategy.lroa]\nrank = 1\n"),
            "[strategy.lroa] in a.ini:1 (unknown kind of strategy) did you mean lora?");
  EXPECT_EQ(problems_of("[strategy.x]\nkind = ful\n"),
            "strategy.x.kind = ful in a.ini:2 (unknown kind of strategy) did you mean full?");
  EXPECT_EQ(problems_of("[strategy.full]\nrank = 1\n"), "strategy.full.rank in a.ini:2 (unknown key) ");
  EXPECT_EQ(problems_of("[strategy.a.b]\nkind = lora\n"),
            "[strategy.a.b] in a.ini:1 (an instance has no dot in its name)");
  EXPECT_EQ(problems_of("[strategy.lora]\nrank = 0\n"), "strategy.lora.rank = 0 in a.ini:2 (must be >= 1) try 8");
}

TEST_F(ConfigProblemsTest, all_problems_come_at_once) {
  write("a.ini", "[optimizer]\nlearning_rate = -1\nbetta = 0.5\n[strategy.lora]\nrank = 0\n");
  write("b.ini", "[experimnt]\nseed = x\n");
  EXPECT_EQ(problems({"--optimizer.warmup=1.5", "--broken"}),
            "6 problems in the configuration\n"
            "  --broken on the command line (has no value) write --broken=VALUE\n"
            "  [experimnt] in b.ini:1 (unknown section) did you mean experiment?\n"
            "  optimizer.learning_rate = -1 in a.ini:2 (must be > 0) try 0.0003\n"
            "  optimizer.betta in a.ini:3 (unknown key) did you mean beta?\n"
            "  optimizer.warmup = 1.5 on the command line (not a whole number)\n"
            "  strategy.lora.rank = 0 in a.ini:5 (must be >= 1) try 8");
}

TEST_F(ConfigProblemsTest, rules_inside_a_section_name_the_origin) {
  EXPECT_EQ(problems_of("[optimizer]\nschedule = cosine\nwarmup = 0\n"),
            "optimizer.warmup = 0 in a.ini:3 (cosine needs a warm-up) try 10");
}

TEST_F(ConfigProblemsTest, rules_across_sections_run_when_every_value_is_fine) {
  int runs = 0;
  schema_.rule([&](const ResolvedConfig&) -> std::vector<Problem> {
    ++runs;
    if (optimizer_.warmup <= experiment_.seed) return {};
    return {{"optimizer.warmup", "(must not exceed experiment.seed)"}, {"experiment", "(is odd)"}};
  });
  EXPECT_EQ(problems_of("[optimizer]\nwarmup = 11\n"),
            "2 problems in the configuration\n"
            "  optimizer.warmup = 11 in a.ini:2 (must not exceed experiment.seed)\n"
            "  experiment (is odd)");
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(problems_of("[optimizer]\nwarmup = -1\n"), HasSubstr("must be >= 0"));
  EXPECT_EQ(runs, 1);
}

TEST_F(ConfigProblemsTest, a_missing_file_is_an_io_error_that_names_it) {
  files_ = {folder_ / "none.ini"};
  try {
    load();
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none.ini"));
  }
}

TEST_F(ConfigProblemsTest, a_weaker_file_is_checked_although_a_stronger_one_wins) {
  write("a.ini", "[optimizer]\nwarmup = x\n");
  write("b.ini", "[optimizer]\nwarmup = 3\n");
  EXPECT_EQ(problems(), "optimizer.warmup = x in a.ini:2 (not a whole number)");
}

}  // namespace
}  // namespace coldframe
