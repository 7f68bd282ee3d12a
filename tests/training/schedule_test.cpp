#include "framework/training/schedule.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

ScheduleOptions options(const char* shape) {
  ScheduleOptions schedule;
  schedule.steps = 110;
  schedule.warmup = 10;
  schedule.shape = shape;
  schedule.final_fraction = 0.1;
  return schedule;
}

TEST(ScheduleTest, warms_up_linearly_and_ends_at_the_final_fraction) {
  EXPECT_DOUBLE_EQ(schedule_factor(options("linear"), 0), 0.1);
  EXPECT_DOUBLE_EQ(schedule_factor(options("linear"), 9), 1.0);
  EXPECT_DOUBLE_EQ(schedule_factor(options("linear"), 10), 1.0);
  EXPECT_DOUBLE_EQ(schedule_factor(options("linear"), 60), 0.1 + 0.9 * 0.5);
  EXPECT_NEAR(schedule_factor(options("cosine"), 60), 0.1 + 0.9 * 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(schedule_factor(options("constant"), 100), 1.0);
}

TEST(ScheduleTest, stays_at_the_final_fraction_beyond_the_end) {
  EXPECT_DOUBLE_EQ(schedule_factor(options("linear"), 500), 0.1);
  EXPECT_NEAR(schedule_factor(options("cosine"), 500), 0.1, 1e-12);
}

}  // namespace
}  // namespace coldframe
