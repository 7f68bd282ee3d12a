#include "framework/comm/comm_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coldframe {
namespace {

TEST(CommOptionsTest, defaults_are_valid) { EXPECT_TRUE(CommOptions{}.validate().empty()); }

TEST(CommOptionsTest, a_deadline_of_few_heartbeats_is_a_problem_with_a_suggestion) {
  CommOptions options;
  options.heartbeat_seconds = 5;
  options.deadline_seconds = 15;
  const std::vector<Problem> problems = options.validate();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "deadline_seconds");
  EXPECT_THAT(problems[0].text, ::testing::HasSubstr("try 20"));
}

TEST(CommOptionsTest, all_problems_are_reported_at_once) {
  CommOptions options;
  options.deadline_seconds = 2;
  options.stall_limit_seconds = 1;
  EXPECT_EQ(options.validate().size(), 2u);
}

}  // namespace
}  // namespace coldframe
