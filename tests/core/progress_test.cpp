#include "framework/core/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string last_line(const std::ostringstream& stream) {
  const std::string text = stream.str();
  return text.substr(text.rfind('\r') + 1);
}

TEST(ProgressTest, shows_share_rate_and_time_left) {
  ManualClock clock;
  std::ostringstream stream;
  Progress progress("train", "steps", 1000, clock, {&stream});
  clock.advance(20);
  progress.note("loss 2.31");
  progress.set(250);  // 250 in 20 s: 12.5 a second, 750 more in 60 s
  EXPECT_EQ(last_line(stream), "\033[Ktrain  250/1000 steps  25 %  12.5 steps/s  1:00 left  loss 2.31");
}

TEST(ProgressTest, redraws_at_most_ten_times_a_second) {
  ManualClock clock;
  std::ostringstream stream;
  Progress progress("train", "steps", 1000, clock, {&stream});
  for (int i = 0; i < 100; ++i) {
    clock.advance(0.01);
    progress.advance();
  }
  const std::string text = stream.str();
  const auto draws = std::count(text.begin(), text.end(), '\r');
  EXPECT_GE(draws, 9);
  EXPECT_LE(draws, 11);
}

TEST(ProgressTest, ends_with_the_final_count_and_a_newline_once) {
  ManualClock clock;
  std::ostringstream stream;
  {
    Progress progress("import", "rows", 10, clock, {&stream});
    progress.set(3);
    progress.set(10);
    clock.advance(2);
    progress.finish();
    progress.finish();
  }
  EXPECT_THAT(last_line(stream), HasSubstr("10/10 rows  100 %"));
  EXPECT_THAT(last_line(stream), Not(HasSubstr("left")));
  const std::string text = stream.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(ProgressTest, says_nothing_of_the_end_when_the_total_is_unknown) {
  ManualClock clock;
  std::ostringstream stream;
  Progress progress("import", "rows", 0, clock, {&stream});
  clock.advance(1);
  progress.set(5);
  EXPECT_EQ(last_line(stream), "\033[Kimport  5 rows  5 rows/s  0:01");
}

TEST(ProgressTest, is_silent_without_a_terminal) {
  ManualClock clock;
  ::testing::internal::CaptureStderr();  // a file, not a terminal
  {
    Progress progress("train", "steps", 10, clock);
    clock.advance(1);
    progress.set(5);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(DurationTest, is_written_as_people_read_it) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(54.4), "0:54");
  EXPECT_EQ(format_duration(59.6), "1:00");
  EXPECT_EQ(format_duration(723), "12:03");
  EXPECT_EQ(format_duration(11242), "3:07:22");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
}

TEST(ClockTest, writes_dates_as_iso_8601) {
  EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso8601(1'700'000'000), "2023-11-14T22:13:20Z");
}

}  // namespace
}  // namespace coldframe
