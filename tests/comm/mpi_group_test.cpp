#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/comm/topology.h"
#include "tests/comm/exchange_properties.h"
#include "tests/comm/mpi_test_main.h"

namespace coldframe {
namespace {

TEST(MpiGroupTest, has_the_size_the_launcher_was_asked_for) {
  const char* expected = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (expected == nullptr) GTEST_SKIP() << "not started by Open MPI's mpirun";
  EXPECT_EQ(world_group().size(), std::atoi(expected));
  EXPECT_NE(world_group().host_of(world_group().size() - 1), "unknown-host");
}

TEST(MpiGroupTest, random_messages_arrive_intact) { expect_random_messages_arrive(world_group(), 6); }

TEST(MpiGroupTest, collectives_agree_with_their_definition) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) expect_collectives_agree_with_their_definition(world_group(), seed);
}

TEST(MpiGroupTest, all_ranks_learn_of_a_failure_with_one_exit_code) { expect_errors_are_agreed(world_group()); }

TEST(MpiGroupTest, ranks_that_differ_are_refused_with_a_table) { expect_facts_are_compared(world_group()); }

TEST(MpiGroupTest, ranks_of_one_host_know_their_place) {
  const Topology topology = discover_topology(world_group());
  EXPECT_EQ(topology.ranks_on_this_host, world_group().size());
  EXPECT_EQ(topology.local_rank, world_group().rank());
}

}  // namespace
}  // namespace coldframe
