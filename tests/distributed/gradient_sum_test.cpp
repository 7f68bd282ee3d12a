#include "framework/distributed/gradient_sum.h"

#include <gtest/gtest.h>

#include "framework/distributed/subtree_sums.h"

namespace coldframe {
namespace {

TEST(SparseRowsTest, grouping_adds_repeats_in_order_of_occurrence) {
  // ids 5, 2, 5: row 2 = (3, 4); row 5 = (1, 2) + (10, 20).
  const std::vector<std::int64_t> ids = {5, 2, 5};
  const std::vector<float> gradients = {1, 2, 3, 4, 10, 20};
  const SparseRows rows = group_rows(ids, gradients, 2);
  EXPECT_EQ(rows.ids, (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(rows.rows, (std::vector<float>{3, 4, 11, 22}));
}

TEST(SparseRowsTest, lists_merge_by_id) {
  SparseRows left{1, {1, 4}, {10, 40}};
  left.add({1, {0, 4, 9}, {1, 2, 3}});
  EXPECT_EQ(left.ids, (std::vector<std::int64_t>{0, 1, 4, 9}));
  EXPECT_EQ(left.rows, (std::vector<float>{1, 10, 42, 3}));
}

TEST(SparseRowsTest, empty_lists_are_neutral) {
  SparseRows left{2, {}, {}};
  left.add({2, {7}, {1, 2}});
  EXPECT_EQ(left.ids, (std::vector<std::int64_t>{7}));
  left.add({2, {}, {}});
  EXPECT_EQ(left.rows, (std::vector<float>{1, 2}));
  EXPECT_TRUE(group_rows({}, {}, 3).ids.empty());
}

class SubtreeSumsTest : public ::testing::TestWithParam<bool> {};

TEST_P(SubtreeSumsTest, folds_in_tree_order_whatever_the_order_of_delivery) {
  // Values for which the order of additions shows: (1e8 + 1) + (-1e8 + 1) in floats is 0 + ... by pairs.
  const std::vector<float> values = {1e8f, 1.0f, -1e8f, 1.0f};
  const LaneTree tree(4, 1);
  const float by_tree = (values[0] + values[1]) + (values[2] + values[3]);
  const std::vector<std::vector<int>> orders = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3}, {2, 0, 3, 1}};
  for (const std::vector<int>& order : orders) {
    SubtreeSums sums(tree, 0, 1, {});
    for (const int lane : order) {
      SubtreeSums::Lease lease = sums.lease(lane, /*may_add=*/GetParam());
      float& sum = lease.sum.dense.data()[0];
      sum = values[static_cast<std::size_t>(lane)] + (lease.holds_sibling ? sum : 0.0f);
      sums.deliver(lease.node, std::move(lease.sum));
    }
    EXPECT_EQ(sums.take(&GradientSum::add).front().second.dense.data()[0], by_tree);
  }
}

INSTANTIATE_TEST_SUITE_P(MayAdd, SubtreeSumsTest, ::testing::Bool());

TEST(SubtreeSumsLeaseTest, a_lane_gets_the_sum_of_its_sibling_and_needs_no_buffer_of_its_own) {
  const LaneTree tree(4, 1);
  SubtreeSums sums(tree, 0, 8, {3});
  SubtreeSums::Lease first = sums.lease(0, true);
  EXPECT_FALSE(first.holds_sibling);
  first.sum.dense.data()[5] = 7;
  sums.deliver(first.node, std::move(first.sum));
  EXPECT_FALSE(sums.lease(2, true).holds_sibling);
  const SubtreeSums::Lease second = sums.lease(1, true);
  EXPECT_TRUE(second.holds_sibling);
  EXPECT_EQ(second.node, (TreeNode{1, 0}));
  EXPECT_EQ(second.sum.dense.data()[5], 7);
  EXPECT_EQ(sums.peak_buffers(), 2);
}

TEST(SubtreeSumsBuffersTest, one_thread_needs_log_lanes_plus_one_buffers) {
  const LaneTree tree(16, 1);
  SubtreeSums sums(tree, 0, 8, {});
  for (int step = 0; step < 3; ++step) {
    for (int lane = 0; lane < 16; ++lane) sums.deliver({0, lane}, sums.lease(lane, false).sum);
    sums.give_back(std::move(sums.take(&GradientSum::add).front().second));
  }
  EXPECT_EQ(sums.peak_buffers(), 5);
}

}  // namespace
}  // namespace coldframe
