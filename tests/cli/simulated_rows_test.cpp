#include "framework/cli/simulated_rows.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_begin = 1000, k_users = 20'000;  // more than one piece for every rank
constexpr BootstrapOptions k_bootstrap{.replicates = 20, .level = 0.95, .seed = 3};

ReplayResult users(std::uint64_t begin, std::uint64_t end) {
  ReplayResult result{begin, end, {}};
  for (std::uint32_t p = 0; p < 2; ++p) {
    PolicyOutcome& outcome = result.policies.emplace_back();
    for (std::uint64_t user = begin; user < end; ++user) {
      const auto n = static_cast<std::uint32_t>(user);
      outcome.users.push_back({user, 1 + n % 5, n % 3, std::int64_t{1 + p} * n * 1000});
    }
  }
  return result;
}

std::pair<std::uint64_t, std::uint64_t> range_of(const Group& group) {
  const auto rank = static_cast<std::uint64_t>(group.rank()), ranks = static_cast<std::uint64_t>(group.size());
  return {k_begin + k_users * rank / ranks, k_begin + k_users * (rank + 1) / ranks};
}

TEST(SimulatedRows, reach_the_root_in_order_from_any_ranks) {
  testing::TemporaryFolder folder;
  for (const int ranks : {1, 2, 3}) {
    run_virtual_ranks(ranks, [&](const Group& group) {
      SimulatedRows rows(group, folder.path());
      const auto [first, last] = range_of(group);
      rows.add(users(first, last));
      // A prefix, as after a stop.
      constexpr std::uint64_t k_end = k_begin + k_users - 10;
      std::uint64_t next = k_begin;
      rows.each(k_begin, k_end, [&](std::uint64_t user, std::span<const SimulatedUser> outcomes) {
        ASSERT_EQ(user, next++);
        ASSERT_EQ(outcomes.size(), 2u);
        const auto n = static_cast<std::uint32_t>(user);
        ASSERT_EQ(outcomes[1].pages, 1 + n % 5);
        ASSERT_EQ(outcomes[0].clicks, n % 3);
        ASSERT_EQ(outcomes[1].expected, 2.0 * n * 1000 * FixedSum::k_unit);
      });
      EXPECT_EQ(next, group.is_root() ? k_end : k_begin);
    });
  }
}

TEST(SimulatedRows, are_resampled_on_their_ranks_to_the_bits_of_one) {
  testing::TemporaryFolder folder;
  std::vector<std::uint64_t> alone;
  for (const int ranks : {1, 3}) {
    run_virtual_ranks(ranks, [&](const Group& group) {
      SimulatedRows rows(group, folder.path());
      const auto [first, last] = range_of(group);
      rows.add(users(first, last));
      const PairedBootstrap rates = rows.bootstrap(k_begin, k_begin + 9000, 2, k_bootstrap);
      EXPECT_EQ(rates.users(), 9000u);
      if (ranks == 1) alone = rates.state();
      EXPECT_EQ(rates.state(), alone);
    });
  }
}

TEST(SimulatedRows, let_every_rank_go_when_the_root_fails) {
  testing::TemporaryFolder folder;
  std::atomic<int> failed = 0;
  run_virtual_ranks(3, [&](const Group& group) {
    SimulatedRows rows(group, folder.path());
    const auto [first, last] = range_of(group);
    rows.add(users(first, last));
    try {
      rows.each(k_begin, k_begin + k_users, [&](std::uint64_t user, std::span<const SimulatedUser>) {
        if (user == k_begin + k_users / 2) throw IoError("no room", "of a test", {});
      });
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("no room"), std::string::npos) << error.what();
      ++failed;
    }
  });
  EXPECT_EQ(failed, 3);
}

}  // namespace
}  // namespace coldframe
