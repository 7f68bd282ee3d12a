#include "framework/comm/group.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "framework/comm/threads/virtual_ranks.h"
#include "tests/comm/exchange_properties.h"

namespace coldframe {
namespace {

class VirtualGroupTest : public ::testing::TestWithParam<int> {};

TEST_P(VirtualGroupTest, random_messages_arrive_intact) {
  run_virtual_ranks(GetParam(), [](const Group& group) { expect_random_messages_arrive(group, 5); });
}

TEST_P(VirtualGroupTest, collectives_agree_with_their_definition) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    run_virtual_ranks(GetParam(),
                      [seed](const Group& group) { expect_collectives_agree_with_their_definition(group, seed); });
  }
}

TEST_P(VirtualGroupTest, all_ranks_learn_of_a_failure_with_one_exit_code) {
  run_virtual_ranks(GetParam(), expect_errors_are_agreed);
}

TEST_P(VirtualGroupTest, ranks_that_differ_are_refused_with_a_table) {
  run_virtual_ranks(GetParam(), expect_facts_are_compared);
}

INSTANTIATE_TEST_SUITE_P(Ranks, VirtualGroupTest, ::testing::Values(1, 2, 3, 4, 5, 8));

TEST(OneRankGroupTest, needs_nobody) {
  const Group group;
  EXPECT_EQ(group.rank(), 0);
  EXPECT_EQ(group.size(), 1);
  EXPECT_FALSE(group.host_of(0).empty());
  expect_collectives_agree_with_their_definition(group, 1);
  expect_errors_are_agreed(group);
  expect_facts_are_compared(group);
}

TEST(OneRankGroupTest, a_message_to_itself_is_a_copy) {
  const Group group;
  const int value = 42;
  int copy = 0;
  group.exchange(0, std::as_bytes(std::span(&value, 1)), std::as_writable_bytes(std::span(&copy, 1)));
  EXPECT_EQ(copy, 42);
  EXPECT_THROW(group.receive(0, std::as_writable_bytes(std::span(&copy, 1))), std::logic_error);
  EXPECT_THROW(group.send(1, std::as_bytes(std::span(&value, 1))), std::out_of_range);
}

}  // namespace
}  // namespace coldframe
