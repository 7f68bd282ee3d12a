#pragma once

#include <utility>
#include <vector>

#include "framework/comm/group.h"
#include "framework/distributed/gradient_sum.h"
#include "framework/distributed/lane_tree.h"

namespace coldframe {

/// Adds the subtree sums of all ranks in the fixed tree and gives every rank the total, with the same bits for any number
/// of ranks. Powers of two: the slice is halved with rank^1, rank^2, rank^4 ... (reduce-scatter in tree order), then
/// gathered back the same way. Other numbers: sums climb the tree to their owners and the total is broadcast.
/// Traffic per rank: 2 (1 - 1/R) P elements, or P log2(lanes) at worst for other numbers.
/// `mine` are the sums of tree.maximal_subtrees(group.rank()). The buffers of all but the first go to `spare`.
GradientSum tree_reduce(const Group& group, const LaneTree& tree, std::vector<std::pair<TreeNode, GradientSum>> mine,
                        std::vector<GradientSum>& spare);

/// The same tree over blocks that one process holds completely: blocks[0] := sum of all. For losses computed everywhere.
void tree_reduce_local(std::vector<GradientSum>& blocks);

}  // namespace coldframe
