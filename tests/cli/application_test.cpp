#include "framework/cli/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "framework/core/log.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct FakeOptions final : Options {
  std::string fault;
  std::int64_t rows = 3;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "fault", .doc = "what to throw"}, fault);
    visitor.visit({.name = "rows", .doc = "how many", .unit = "rows", .minimum = 1}, rows);
  }
};

struct FakeSection final : Options {
  double rate = 0.5;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "rate", .doc = "share", .minimum = 0, .maximum = 1}, rate);
  }
};

/// What happened inside the fake command.
struct Trace {
  std::int64_t rows = 0;
  double rate = 0;
  std::vector<Failure> recorded;
};

class FakeCommand final : public Subcommand {
 public:
  explicit FakeCommand(Trace& trace) : trace_(trace) {}
  SubcommandInfo info() const override {
    return {.usage = "[--rows N]", .text = "Does nothing well.", .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { schema.section("fake", "a section", section_); }

  ExitCode run(const Invocation& invocation) override {
    trace_.rows = options_.rows;
    trace_.rate = section_.rate;
    invocation.on_failure.add([this](const Failure& failure) { trace_.recorded.push_back(failure); });
    invocation.on_failure.add([](const Failure&) { throw std::runtime_error("the record cannot be written either"); });
    if (options_.fault == "data") throw DataError("users.csv:3 is broken");
    if (options_.fault == "io") throw IoError("cannot write x");
    if (options_.fault == "config") throw ConfigError("bad");
    if (options_.fault == "distributed") throw DistributedError("rank 1 is gone");
    if (options_.fault == "numeric") throw NumericError("NaN in layer 3");
    if (options_.fault == "memory") throw std::bad_alloc();
    if (options_.fault == "surprise") throw std::runtime_error("no idea");
    if (options_.fault == "number") throw 3;
    if (options_.fault == "missed") return ExitCode::expectation_missed;
    if (options_.fault == "stopped") return ExitCode::stopped;
    invocation.output << "worked on " << invocation.provenance.revision << "\n";
    return ExitCode::done;
  }

 private:
  Trace& trace_;
  FakeOptions options_;
  FakeSection section_;
};

class ApplicationTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    output_.str("");
    trace_ = {};
    const std::vector<SubcommandEntry> commands = {
        {"fake", "does nothing", [this] { return std::make_unique<FakeCommand>(trace_); }},
        {"other", "does nothing either", [this] { return std::make_unique<FakeCommand>(trace_); }}};
    ::testing::internal::CaptureStderr();
    start_log({});
    const int code = Application(commands, clock_, "abc123", output_).run(arguments);
    errors_ = ::testing::internal::GetCapturedStderr();
    return code;
  }

  ManualClock clock_;
  std::ostringstream output_;
  std::string errors_;
  Trace trace_;
};

TEST_F(ApplicationTest, runs_a_subcommand_with_its_options_and_sections) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "a.ini") << "[fake]\nrate = 0.25\n";
  EXPECT_EQ(run({"fake", "--rows", "7", "--config", (folder / "a.ini").string()}), 0);
  EXPECT_EQ(trace_.rows, 7);
  EXPECT_EQ(trace_.rate, 0.25);
  EXPECT_EQ(output_.str(), "worked on abc123\n");
  EXPECT_EQ(errors_, "");
}

TEST_F(ApplicationTest, every_kind_of_failure_has_its_exit_code_and_one_line) {
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {"config", 2, "coldframe: error: bad\n"},
      {"data", 3, "coldframe: error: users.csv:3 is broken\n"},
      {"io", 3, "coldframe: error: cannot write x\n"},
      {"distributed", 5, "coldframe: error: rank 1 is gone\n"},
      {"numeric", 7, "coldframe: error: NaN in layer 3\n"},
      {"memory", 1, "coldframe: error: out of memory\n"},
      {"surprise", 1, "coldframe: error: no idea (unexpected)\n"},
      {"number", 1, "coldframe: error: unexpected failure\n"},
      {"missed", 4, ""},
      {"stopped", 75, ""}};
  for (const auto& [fault, code, line] : cases) {
    EXPECT_EQ(run({"fake", "--fault=" + fault}), code) << fault;
    EXPECT_EQ(errors_, line);
  }
}

TEST_F(ApplicationTest, failures_reach_the_run_record_even_when_another_hook_fails) {
  run({"fake", "--fault=data"});
  ASSERT_EQ(trace_.recorded.size(), 1u);
  EXPECT_EQ(trace_.recorded[0].code, ExitCode::data);
  EXPECT_EQ(trace_.recorded[0].message, "users.csv:3 is broken");
  run({"fake"});
  EXPECT_TRUE(trace_.recorded.empty());
}

TEST_F(ApplicationTest, mistakes_in_the_configuration_end_before_the_work) {
  EXPECT_EQ(run({"fake", "--fake.rate=2"}), 2);
  EXPECT_EQ(errors_, "coldframe: error: fake.rate = 2 on the command line (must be 0 .. 1) try 0.5\n");
  EXPECT_EQ(trace_.rows, 0);
  EXPECT_EQ(run({"fake", "--rows=0"}), 2);
  EXPECT_EQ(run({"fake", "--config=none.ini"}), 3);
}

TEST_F(ApplicationTest, dump_config_prints_origins_and_does_no_work) {
  EXPECT_EQ(run({"fake", "--dump-config", "--fake.rate=0.1"}), 0);
  EXPECT_EQ(output_.str(), "[fake]\nrate = 0.1  # command line\n");
  EXPECT_EQ(trace_.rows, 0);
}

TEST_F(ApplicationTest, help_lists_subcommands_and_explains_each) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(output_.str(), AllOf(HasSubstr("  fake   does nothing\n"), HasSubstr("  other  does nothing either\n")));
  EXPECT_EQ(run({"fake", "--help"}), 0);
  EXPECT_THAT(output_.str(), AllOf(StartsWith("usage: coldframe fake [--rows N]\n\nDoes nothing well.\n"),
                                   HasSubstr("--rows   how many (rows, >= 1, default 3)"),
                                   HasSubstr("--fake.rate  share (0 .. 1, default 0.5)")));
  EXPECT_EQ(trace_.rows, 0);
}

TEST_F(ApplicationTest, without_a_subcommand_it_says_how_to_use_it_and_fails) {
  EXPECT_EQ(run({}), 2);
  EXPECT_THAT(output_.str(), StartsWith("usage: coldframe"));
}

TEST_F(ApplicationTest, version_names_the_commit) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(output_.str(), AllOf(StartsWith("coldframe 0."), HasSubstr("revision abc123")));
}

TEST_F(ApplicationTest, the_configuration_page_shows_a_shared_section_once_and_who_reads_it) {
  EXPECT_EQ(run({"--configuration"}), 0);
  const std::string page = output_.str();
  EXPECT_THAT(page,
              AllOf(HasSubstr("| `fake` | `[fake]` |\n| `other` | `[fake]` |\n"), HasSubstr("| `rate` | share |")));
  EXPECT_EQ(page.find("## `[fake]`"), page.rfind("## `[fake]`"));
}

TEST_F(ApplicationTest, an_unknown_subcommand_names_the_nearest) {
  EXPECT_EQ(run({"fak"}), 2);
  EXPECT_EQ(errors_, "coldframe: error: fak is not a subcommand did you mean fake?\n");
  EXPECT_EQ(run({"zzzzzz"}), 2);
  EXPECT_THAT(errors_, HasSubstr("known: fake, other"));
}

TEST_F(ApplicationTest, output_that_cannot_be_written_is_an_error) {
  output_.setstate(std::ios::failbit);
  EXPECT_EQ(run({"fake"}), 3);
  EXPECT_THAT(errors_, HasSubstr("cannot write to standard output"));
}

}  // namespace
}  // namespace coldframe
