#include "framework/comm/topology.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cmath>
#include <limits>

#include "framework/comm/threads/virtual_ranks.h"

namespace coldframe {
namespace {

constexpr double k_no_limit = std::numeric_limits<double>::infinity();

TEST(TopologyTest, unbound_ranks_share_the_cores_of_their_host) {
  const std::vector<int> all{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<detail::Placement> ranks{{"a", all, k_no_limit}, {"b", all, k_no_limit}, {"a", all, k_no_limit}};
  const Topology last = detail::place(ranks, 2);
  EXPECT_EQ(last.hosts, 2);
  EXPECT_EQ(last.local_rank, 1);
  EXPECT_EQ(last.ranks_on_this_host, 2);
  EXPECT_EQ(last.default_threads, 4);
  EXPECT_EQ(detail::place(ranks, 1).default_threads, 8);
  EXPECT_EQ(detail::place(ranks, 1).local_rank, 0);
}

TEST(TopologyTest, bound_ranks_keep_their_own_cores) {
  const std::vector<detail::Placement> ranks{{"a", {0, 1, 2}, k_no_limit}, {"a", {3}, k_no_limit}};
  EXPECT_EQ(detail::place(ranks, 0).default_threads, 3);
  EXPECT_EQ(detail::place(ranks, 1).default_threads, 1);
}

TEST(TopologyTest, thirds_of_cores_add_up) {
  // Three ranks on three shared cores: 3 x 1/3 is one core each, not 0.999.
  const std::vector<detail::Placement> ranks(3, {"a", {0, 1, 2}, k_no_limit});
  EXPECT_EQ(detail::place(ranks, 0).default_threads, 1);
  const std::vector<detail::Placement> six(3, {"a", {0, 1, 2, 3, 4, 5}, k_no_limit});
  EXPECT_EQ(detail::place(six, 0).default_threads, 2);
}

TEST(TopologyTest, the_quota_of_the_control_group_caps_the_threads) {
  const std::vector<detail::Placement> ranks(2, {"a", {0, 1, 2, 3, 4, 5, 6, 7}, 4.0});
  EXPECT_EQ(detail::place(ranks, 0).default_threads, 2);
  EXPECT_EQ(detail::place({{"a", {0, 1}, .5}}, 0).default_threads, 1);
}

TEST(TopologyTest, more_ranks_than_cores_get_one_thread_each) {
  const std::vector<detail::Placement> ranks(5, {"a", {0, 1}, k_no_limit});
  for (int r = 0; r < 5; ++r) EXPECT_EQ(detail::place(ranks, r).default_threads, 1);
}

// What `mpirun -n 2` does on a host of eight cores: each rank bound to one, six idle.
TEST(TopologyTest, a_binding_that_leaves_cores_idle_is_undone) {
  const std::vector<int> all{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<detail::Placement> ranks{{"a", {0}, k_no_limit, all}, {"a", {1}, k_no_limit, all}};
  for (const int rank : {0, 1}) {
    const Topology topology = detail::place(ranks, rank);
    EXPECT_TRUE(topology.unbound);
    EXPECT_EQ(topology.cores, all);
    EXPECT_EQ(topology.default_threads, 4);
    EXPECT_EQ(topology.cores_of_host, 8);
  }
}

TEST(TopologyTest, a_binding_that_covers_the_host_stays) {
  const std::vector<int> all{0, 1, 2, 3};
  const std::vector<detail::Placement> sockets{{"a", {0, 1}, k_no_limit, all}, {"a", {2, 3}, k_no_limit, all}};
  EXPECT_FALSE(detail::place(sockets, 0).unbound);
  EXPECT_EQ(detail::place(sockets, 1).cores, (std::vector<int>{2, 3}));
  EXPECT_EQ(detail::place(sockets, 1).default_threads, 2);
}

TEST(TopologyTest, a_mask_that_no_launcher_set_stays) {
  const std::vector<detail::Placement> ranks{{"a", {0}, k_no_limit, {}}, {"b", {1}, k_no_limit, {0, 1}}};
  EXPECT_FALSE(detail::place(ranks, 0).unbound) << "taskset, or another MPI";
  EXPECT_TRUE(detail::place(ranks, 1).unbound) << "hosts are judged one by one";
}

TEST(TopologyTest, two_ranks_bound_to_one_core_are_seen) {
  const std::vector<detail::Placement> ranks(2, {"a", {1}, k_no_limit, {1}});
  EXPECT_EQ(detail::place(ranks, 0).default_threads, 1);
  EXPECT_EQ(detail::place(ranks, 0).cores_of_host, 1);
  EXPECT_EQ(detail::place(ranks, 0).ranks_on_this_host, 2);
}

TEST(TopologyTest, cpu_max_is_read_as_cores) {
  EXPECT_DOUBLE_EQ(detail::parse_cpu_max("150000 100000"), 1.5);
  for (const char* none : {"max 100000", "", "garbage", "-1 100000", "100000 0"}) {
    EXPECT_TRUE(std::isinf(detail::parse_cpu_max(none))) << none;
  }
}

TEST(TopologyTest, allowed_cores_follow_the_affinity_mask) {
  const std::vector<int> before = allowed_cores();
  ASSERT_FALSE(before.empty());
  cpu_set_t saved;
  ASSERT_EQ(sched_getaffinity(0, sizeof saved, &saved), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(before.back(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(allowed_cores(), std::vector<int>{before.back()});
  sched_setaffinity(0, sizeof saved, &saved);
}

TEST(TopologyTest, virtual_ranks_stand_on_one_host) {
  run_virtual_ranks(3, [](const Group& group) {
    const Topology topology = discover_topology(group);
    EXPECT_EQ(topology.hosts, 1);
    EXPECT_EQ(topology.local_rank, group.rank());
    EXPECT_EQ(topology.ranks_on_this_host, 3);
    EXPECT_GE(topology.default_threads, 1);
  });
}

}  // namespace
}  // namespace coldframe
