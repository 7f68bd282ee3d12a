#include "framework/comm/mpi/silence_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace coldframe::detail {
namespace {

TEST(WatchedRanksTest, are_at_powers_of_two_on_either_side) {
  EXPECT_EQ(watched_ranks(0, 1), std::vector<int>{});
  EXPECT_EQ(watched_ranks(1, 2), std::vector<int>{0});
  EXPECT_EQ(watched_ranks(0, 4), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(watched_ranks(3, 10), (std::vector<int>{1, 2, 4, 5, 7, 9}));  // 3 +- 1, 2, 4, 8 modulo 10
}

TEST(WatchedRanksTest, watching_is_mutual_and_covers_tree_partners) {
  for (int size = 1; size <= 33; ++size) {
    for (int rank = 0; rank < size; ++rank) {
      const std::vector<int> watched = watched_ranks(rank, size);
      for (const int other : watched) {
        const std::vector<int> back = watched_ranks(other, size);
        EXPECT_TRUE(std::binary_search(back.begin(), back.end(), rank));
      }
      for (int distance = 1; distance < size; distance *= 2) {
        const int partner = rank ^ distance;
        EXPECT_TRUE(partner >= size || std::binary_search(watched.begin(), watched.end(), partner));
      }
    }
  }
}

TEST(SilenceLedgerTest, silence_grows_with_ticks_and_ends_with_a_word) {
  SilenceLedger ledger({1, 3}, 2.0);
  for (int i = 0; i < 5; ++i) ledger.tick(1.0);
  EXPECT_EQ(ledger.silent_for(5.0), (std::vector<int>{1, 3}));
  ledger.heard(3, {"training", 17});
  EXPECT_EQ(ledger.silent_for(5.0), std::vector<int>{1});
  EXPECT_EQ(ledger.position_of(3).step, 17);
  EXPECT_EQ(ledger.position_of(3).phase, "training");
  EXPECT_EQ(ledger.position_of(2).phase, "start") << "a rank that is not watched has said nothing";
}

TEST(SilenceLedgerTest, a_job_that_was_suspended_as_a_whole_accuses_nobody) {
  SilenceLedger ledger({1}, 2.0);
  ledger.tick(3600.0);
  EXPECT_DOUBLE_EQ(ledger.silence_of(1), 2.0);
}

TEST(SilenceLedgerTest, who_said_goodbye_is_silent_by_right) {
  SilenceLedger ledger({1, 2}, 10.0);
  ledger.left(1);
  ledger.tick(10.0);
  EXPECT_EQ(ledger.silent_for(5.0), std::vector<int>{2});
  EXPECT_FALSE(ledger.everyone_left());
  ledger.left(2);
  EXPECT_TRUE(ledger.everyone_left());
}

}  // namespace
}  // namespace coldframe::detail
