#include "framework/comm/stop_signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "framework/comm/last_words.h"

namespace coldframe {
namespace {

class StopSignalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    install_stop_handlers();
    clear_stop_request();
  }
  void TearDown() override {
    clear_stop_request();
    detail::set_last_words({});
  }
};
using StopSignalDeathTest = StopSignalTest;

TEST_F(StopSignalTest, each_stop_signal_sets_the_flag) {
  for (const int number : {SIGUSR1, SIGTERM, SIGINT}) {
    clear_stop_request();
    EXPECT_FALSE(stop_requested());
    raise(number);
    EXPECT_TRUE(stop_requested());
    EXPECT_EQ(stop_signal(), number);
  }
}

TEST_F(StopSignalTest, a_stop_by_hand_has_no_signal) {
  request_stop();
  EXPECT_TRUE(stop_requested());
  EXPECT_EQ(stop_signal(), 0);
}

TEST_F(StopSignalTest, sigterm_writes_the_prepared_line) {
  detail::set_last_words("rank 1 on node7 (phase training, step 16)");
  detail::set_last_words("rank 1 on node7 (phase training, step 17)");
  ::testing::internal::CaptureStderr();
  raise(SIGTERM);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::StartsWith("coldframe: rank 1 on node7 (phase training, step 17) received SIGTERM"));
}

TEST_F(StopSignalTest, without_last_words_nothing_is_written) {
  ::testing::internal::CaptureStderr();
  raise(SIGTERM);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(StopSignalTest, overlong_words_are_cut_not_overrun) {
  detail::set_last_words(std::string(100'000, 'x'));
  ::testing::internal::CaptureStderr();
  raise(SIGTERM);
  EXPECT_LT(::testing::internal::GetCapturedStderr().size(), 1100u);
}

TEST_F(StopSignalDeathTest, a_second_interrupt_ends_the_process) {
  EXPECT_EXIT(
      {
        raise(SIGINT);
        raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

extern "C" void leave_with_42(int) { _exit(42); }

TEST_F(StopSignalDeathTest, without_anybody_who_polls_the_flag_sigterm_ends_the_process_after_its_last_words) {
  detail::set_last_words("rank 0 on node7 (phase evaluation, step 3)");
  const auto with_last_words = [](void (*before)(int)) {
    signal(SIGTERM, before);
    signal(SIGINT, SIG_DFL);
    install_last_words();
  };
  EXPECT_EXIT((with_last_words(SIG_DFL), raise(SIGTERM)), ::testing::KilledBySignal(SIGTERM), "step 3. received SIGTERM");
  EXPECT_EXIT((with_last_words(SIG_DFL), raise(SIGINT)), ::testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT((with_last_words(leave_with_42), raise(SIGTERM)), ::testing::ExitedWithCode(42), "step 3. received SIGTERM");
}

TEST_F(StopSignalDeathTest, a_crash_says_where_it_happened_and_takes_its_course) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a sanitizer ends crashed programs in its own way";
#endif
  detail::set_last_words("rank 0 on node7 (phase evaluation, step 3)");
  EXPECT_EXIT(abort(), ::testing::KilledBySignal(SIGABRT),
              "rank 0 on node7 .phase evaluation, step 3. crashed .SIGABRT.");
  EXPECT_EXIT(raise(SIGSEGV), ::testing::KilledBySignal(SIGSEGV), "step 3. crashed .SIGSEGV.");
}

}  // namespace
}  // namespace coldframe
