#include "framework/core/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

template <class Work>
std::string stderr_of(const LogSettings& settings, Work&& work) {
  start_log(settings);
  ::testing::internal::CaptureStderr();
  work();
  std::string text = ::testing::internal::GetCapturedStderr();
  start_log({});
  return text;
}

TEST(LogTest, one_rank_writes_bare_lines_without_a_rank) {
  EXPECT_EQ(stderr_of({}, [] { log_info("{} of {}", 1, 2); }), "coldframe: 1 of 2\n");
}

TEST(LogTest, other_ranks_are_heard_from_warnings_upward_and_named) {
  const std::string text = stderr_of({.rank = 2, .rank_count = 4}, [] {
    log_info("quiet");
    log_warning("late");
  });
  EXPECT_EQ(text, "coldframe: [rank 2] late\n");
}

TEST(LogTest, what_is_for_the_file_alone_is_not_on_standard_error) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(stderr_of({}, [] { log_to_file(LogLevel::error, "nowhere"); }), "");
  EXPECT_EQ(stderr_of({},
                      [&] {
                        attach_log_file(folder / "log.txt");
                        log_to_file(LogLevel::error, "known {already}");
                        detach_log_file();
                      }),
            "");
  EXPECT_THAT(read_file(folder / "log.txt"), HasSubstr("error known {already}\n"));
}

TEST(LogTest, levels_are_obeyed) {
  const std::string text = stderr_of({.level = LogLevel::warning}, [] {
    EXPECT_FALSE(log_enabled(LogLevel::info));
    log_debug("a");
    log_info("b");
    log_error("c");
  });
  EXPECT_EQ(text, "coldframe: c\n");
}

TEST(LogTest, braces_in_a_message_are_text) {
  EXPECT_EQ(stderr_of({}, [] { log_line(LogLevel::info, "{user} {}"); }), "coldframe: {user} {}\n");
}

TEST(LogTest, the_file_gets_dated_lines_and_is_appended_to) {
  const testing::TemporaryFolder folder;
  stderr_of({}, [&] {
    for (const char* message : {"first", "second"}) {
      attach_log_file(folder / "log.txt");
      log_info("{}", message);
      detach_log_file();
      log_info("not in the file");
    }
  });
  EXPECT_THAT(read_file(folder / "log.txt"), MatchesRegex("[0-9T:.-]+ info first\n[0-9T:.-]+ info second\n"));
}

TEST(LogTest, a_file_that_cannot_be_opened_is_an_io_error) {
  EXPECT_THROW(attach_log_file("/dev/null/log.txt"), IoError);
}

}  // namespace
}  // namespace coldframe
