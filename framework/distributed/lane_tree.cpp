#include "framework/distributed/lane_tree.h"

#include <fmt/format.h>

#include <bit>

#include "framework/core/error.h"

namespace coldframe {

LaneTree::LaneTree(int lanes, int ranks) : lanes_(lanes), ranks_(ranks) {
  if (lanes < 1 || !std::has_single_bit(static_cast<unsigned>(lanes))) {
    throw ConfigError(fmt::format("batch.lanes = {}", lanes), "must be a power of two", "try 4");
  }
  if (ranks > lanes) {
    throw ConfigError(fmt::format("{} ranks for batch.lanes = {}", ranks, lanes), "a rank needs at least one lane",
                      fmt::format("start at most {} ranks, or set batch.lanes = {} in every run to be compared", lanes,
                                  std::bit_ceil(static_cast<unsigned>(ranks))));
  }
  root_level_ = std::countr_zero(static_cast<unsigned>(lanes));
}

int LaneTree::owner(TreeNode node) const {
  const int lane = node.index << node.level;
  int rank = lane * ranks_ / lanes_;
  while (rank + 1 < ranks_ && first_lane(rank + 1) <= lane) ++rank;
  while (first_lane(rank) > lane) --rank;
  return rank;
}

bool LaneTree::is_local(TreeNode node) const {
  return end_lane(owner(node)) >= (node.index + 1) << node.level;
}

std::vector<TreeNode> LaneTree::maximal_subtrees(int rank) const {
  std::vector<TreeNode> nodes;
  for (int lane = first_lane(rank); lane < end_lane(rank);) {
    TreeNode node{0, lane};
    while (node.level < root_level_ && is_left(node) && is_local(parent(node))) node = parent(node);
    nodes.push_back(node);
    lane += 1 << node.level;
  }
  return nodes;
}

bool LaneTree::is_hypercube() const { return std::has_single_bit(static_cast<unsigned>(ranks_)); }

}  // namespace coldframe
