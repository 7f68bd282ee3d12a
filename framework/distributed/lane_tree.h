#pragma once

#include <vector>

namespace coldframe {

/// A node of the fixed pairwise tree over lanes: covers lanes [index << level, (index + 1) << level).
struct TreeNode {
  int level = 0;
  int index = 0;
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

/// Which lanes a rank computes and where the sums of the tree meet. The tree depends on the number of lanes only, so the
/// sum of all lanes has the same bits for any number of ranks up to it.
class LaneTree {
 public:
  /// `lanes` is a power of two and at least `ranks` (ConfigError otherwise).
  LaneTree(int lanes, int ranks);

  int lanes() const { return lanes_; }
  int ranks() const { return ranks_; }
  int root_level() const { return root_level_; }
  int first_lane(int rank) const { return rank * lanes_ / ranks_; }
  int end_lane(int rank) const { return (rank + 1) * lanes_ / ranks_; }
  /// The rank of the node's first lane: it holds the node's sum.
  int owner(TreeNode node) const;
  /// True when all lanes of the node belong to one rank.
  bool is_local(TreeNode node) const;
  static TreeNode parent(TreeNode node) { return {node.level + 1, node.index / 2}; }
  static TreeNode sibling(TreeNode node) { return {node.level, node.index ^ 1}; }
  static bool is_left(TreeNode node) { return node.index % 2 == 0; }
  /// The local nodes of a rank whose parents are not local (or that are the root), by first lane.
  std::vector<TreeNode> maximal_subtrees(int rank) const;
  /// True when lanes and ranks fit a plain exchange with rank^1, rank^2, rank^4 ...
  bool is_hypercube() const;

 private:
  int lanes_;
  int ranks_;
  int root_level_ = 0;
};

}  // namespace coldframe
