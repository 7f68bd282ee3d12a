#include "framework/cli/simulated_pages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_begin = 100, k_users = 900, k_block = 50;

/// One page per user and policy; only the second policy's pages have prices.
ReplayResult block(std::uint64_t begin, std::uint64_t end) {
  ReplayResult result{begin, end, {}};
  for (std::uint32_t p = 0; p < 2; ++p) {
    PolicyOutcome& outcome = result.policies.emplace_back();
    for (std::uint64_t user = begin; user < end; ++user) {
      PageRow& row = outcome.log.emplace_back();
      row.user = user;
      row.items = {ItemId(static_cast<std::uint32_t>(user) + p)};
      row.clicks = {0};
      if (p == 1) row.prices = {2.5};
    }
  }
  return result;
}

void add_my_share(const Group& group, SimulatedPages& pages) {
  const auto rank = static_cast<std::uint64_t>(group.rank()), ranks = static_cast<std::uint64_t>(group.size());
  const std::uint64_t last = k_begin + k_users * (rank + 1) / ranks;
  for (std::uint64_t first = k_begin + k_users * rank / ranks; first < last; first += k_block) {
    ReplayResult part = block(first, std::min(first + k_block, last));
    pages.add(part);
  }
}

TEST(SimulatedPages, reach_the_root_in_order_from_any_ranks) {
  testing::TemporaryFolder folder;
  for (const int ranks : {1, 2, 4}) {
    run_virtual_ranks(ranks, [&](const Group& group) {
      SimulatedPages pages(group, folder.path());
      add_my_share(group, pages);
      for (std::uint32_t p = 0; p < 2; ++p) {
        const SimulatedPages::Extent extent = pages.extent(p);
        EXPECT_EQ(extent.impressions, k_users);
        EXPECT_EQ(extent.columns.prices, p == 1);
        // A prefix, as after a stop.
        std::uint64_t next = k_begin;
        pages.each(p, k_begin, k_begin + k_users - 10, [&](const PageRow& row) {
          ASSERT_EQ(row.user, next++);
          ASSERT_EQ(row.items[0].value(), row.user + p);
          ASSERT_EQ(row.prices.size(), p);
        });
        EXPECT_EQ(next, group.is_root() ? k_begin + k_users - 10 : k_begin);
      }
    });
  }
}

TEST(SimulatedPages, may_be_on_the_root_alone) {
  testing::TemporaryFolder folder;
  run_virtual_ranks(2, [&](const Group& group) {
    SimulatedPages pages(group, folder.path());
    ReplayResult all = block(k_begin, k_begin + k_users);
    if (group.is_root()) pages.add(all);
    std::uint64_t seen = 0;
    pages.each(1, k_begin, k_begin + k_users, [&](const PageRow&) { ++seen; });
    EXPECT_EQ(seen, group.is_root() ? k_users : 0);
    EXPECT_EQ(pages.extent(0).impressions, k_users);
  });
}

TEST(SimulatedPages, let_every_rank_go_when_the_root_fails) {
  testing::TemporaryFolder folder;
  std::atomic<int> failed = 0;
  run_virtual_ranks(3, [&](const Group& group) {
    SimulatedPages pages(group, folder.path());
    add_my_share(group, pages);
    try {
      pages.each(0, k_begin, k_begin + k_users, [&](const PageRow& row) {
        if (row.user == k_begin + k_users / 2) throw IoError("no room", "of a test", {});
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
