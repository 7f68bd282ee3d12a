#include "framework/simulation/page_spool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

PageRow page(std::uint64_t user, std::uint32_t number) {
  PageRow row;
  row.user = user;
  row.page = number;
  for (std::uint32_t k = 0; k < 3; ++k) {
    row.items.emplace_back(static_cast<std::uint32_t>(user) + k);
    row.clicks.push_back(k == number ? 1 : 0);
    row.position_log_propensity.push_back(-0.25 * (k + 1));
  }
  return row;
}

/// Users [begin, end) under two policies; only the second one logs, and of every other user.
ReplayResult users(std::uint64_t begin, std::uint64_t end) {
  ReplayResult result{begin, end, {}};
  result.policies.resize(2);
  for (std::uint64_t user = begin; user < end; ++user) {
    if (user % 2 != 0) continue;
    for (std::uint32_t number = 0; number < 2; ++number) result.policies[1].log.push_back(page(user, number));
  }
  return result;
}

TEST(PageSpool, gives_back_pages_block_by_block_from_buffer_or_file) {
  testing::TemporaryFolder folder;
  for (const std::size_t buffer : {std::size_t{1}, std::size_t{700}, std::size_t{1} << 20}) {
    PageSpool spool(folder.path(), buffer);
    for (const auto& [begin, end] : {std::pair{5, 9}, {9, 9}, {9, 10}, {10, 31}}) {
      ReplayResult part = users(static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end));
      spool.add(part);
      EXPECT_TRUE(part.policies[1].log.empty()) << "taken";
    }
    EXPECT_EQ(spool.on_disk(), buffer != std::size_t{1} << 20);
    ASSERT_EQ(spool.policies(), 2u);
    EXPECT_TRUE(spool.blocks(0).empty());
    ASSERT_EQ(spool.blocks(1).size(), 2u) << "user 9 is not logged";
    std::vector<std::uint64_t> seen;
    for (const PageSpool::Block& block : spool.blocks(1)) {
      for (const PageRow& row : unpack_pages(spool.read(block))) {
        EXPECT_GE(row.user, block.begin);
        EXPECT_LT(row.user, block.end);
        const PageRow expected = page(row.user, row.page);
        EXPECT_EQ(row.items, expected.items);
        EXPECT_EQ(row.clicks, expected.clicks);
        EXPECT_EQ(row.position_log_propensity, expected.position_log_propensity);
        seen.push_back(row.user);
      }
    }
    EXPECT_EQ(seen.size(), 2u * 13u);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(spool.impressions(1), 3u * seen.size());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the file has no name";
}

TEST(PageSpool, knows_which_columns_any_page_has) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  LogColumns columns;
  PageRow row = page(1, 0);
  columns.add(row);
  row.position_log_marginal = {nan, nan, nan};
  row.prices = {0, 0, 0};
  columns.add(row);
  EXPECT_FALSE(columns.marginals || columns.prices);
  row.position_log_marginal[2] = -1;
  row.prices[1] = 0.5;
  columns.add(row);
  columns.add(page(2, 0));
  EXPECT_TRUE(columns.marginals && columns.prices);
}

TEST(PageSpool, refuses_users_that_do_not_follow_and_says_where_it_cannot_keep_pages) {
  testing::TemporaryFolder folder;
  PageSpool spool(folder.path());
  ReplayResult first = users(5, 9), gap = users(10, 12);
  spool.add(first);
  EXPECT_THROW(spool.add(gap), DataError);
  PageSpool nowhere(folder / "absent", 1);
  ReplayResult part = users(0, 1);
  try {
    nowhere.add(part);
    FAIL() << "there is no such folder";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("pages of simulated users"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("absent"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coldframe
