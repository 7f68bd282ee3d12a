#include "framework/distributed/lane_tree.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

TEST(LaneTreeTest, every_lane_belongs_to_exactly_one_rank) {
  for (int lanes = 1; lanes <= 64; lanes *= 2) {
    for (int ranks = 1; ranks <= lanes; ++ranks) {
      const LaneTree tree(lanes, ranks);
      EXPECT_EQ(tree.first_lane(0), 0);
      EXPECT_EQ(tree.end_lane(ranks - 1), lanes);
      for (int rank = 0; rank < ranks; ++rank) {
        EXPECT_LT(tree.first_lane(rank), tree.end_lane(rank)) << "rank without a lane";
        for (int lane = tree.first_lane(rank); lane < tree.end_lane(rank); ++lane) {
          EXPECT_EQ(tree.owner({0, lane}), rank) << lanes << " lanes, " << ranks << " ranks, lane " << lane;
        }
      }
    }
  }
}

TEST(LaneTreeTest, maximal_subtrees_cover_the_lanes_of_a_rank_and_cannot_grow) {
  for (int ranks = 1; ranks <= 16; ++ranks) {
    const LaneTree tree(16, ranks);
    for (int rank = 0; rank < ranks; ++rank) {
      int lane = tree.first_lane(rank);
      for (const TreeNode node : tree.maximal_subtrees(rank)) {
        EXPECT_EQ(node.index << node.level, lane);
        EXPECT_TRUE(tree.is_local(node));
        EXPECT_TRUE(node.level == tree.root_level() || !tree.is_local(LaneTree::parent(node)));
        lane += 1 << node.level;
      }
      EXPECT_EQ(lane, tree.end_lane(rank));
    }
  }
}

TEST(LaneTreeTest, four_lanes_on_three_ranks_by_hand) {
  // Ranks hold {0}, {1}, {2, 3}: rank 2 folds 2 + 3 alone, 0 + 1 meet on rank 0, the root is on rank 0.
  const LaneTree tree(4, 3);
  EXPECT_EQ(tree.maximal_subtrees(0), (std::vector<TreeNode>{{0, 0}}));
  EXPECT_EQ(tree.maximal_subtrees(1), (std::vector<TreeNode>{{0, 1}}));
  EXPECT_EQ(tree.maximal_subtrees(2), (std::vector<TreeNode>{{1, 1}}));
  EXPECT_EQ(tree.owner({2, 0}), 0);
}

TEST(LaneTreeTest, more_ranks_than_lanes_and_odd_lanes_are_config_errors) {
  EXPECT_THROW(LaneTree(4, 5), ConfigError);
  EXPECT_THROW(LaneTree(3, 1), ConfigError);
  EXPECT_THROW(LaneTree(0, 1), ConfigError);
}

}  // namespace
}  // namespace coldframe
