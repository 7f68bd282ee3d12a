#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "framework/distributed/gradient_sum.h"
#include "framework/distributed/lane_tree.h"

namespace coldframe {

/// Folds finished lanes of one rank into the sums of its maximal complete subtrees, in tree order whatever the order in
/// which lanes finish. Buffers are taken from here and come back here, so at most
/// log2(lanes of the rank) + 1 + extra concurrent lanes are alive.
/// Thread-safety: lease() and deliver() from any lane thread.
class SubtreeSums {
 public:
  /// Memory for what a lane adds up, and the node of the tree whose sum it will be.
  struct Lease {
    GradientSum sum;
    TreeNode node;
    bool holds_sibling = false;  // the sum of the lane's sibling stands in it: to be added to; else its values are anything
  };
  /// left := left + right.
  using Adder = std::function<void(GradientSum& left, const GradientSum& right)>;

  /// `dense` elements per buffer; `sparse_widths` one per sparse parameter.
  SubtreeSums(const LaneTree& tree, int rank, std::size_t dense, std::vector<std::int64_t> sparse_widths);

  /// `may_add`: the lane adds every element of its gradient at most once, and so may add into its sibling's sum when
  /// that is there already; saves a buffer and two walks over it.
  Lease lease(int lane, bool may_add);
  /// Folds as far as possible, but leaves what the last lane of the rank completes to take().
  void deliver(TreeNode node, GradientSum sum);
  /// The sums of tree.maximal_subtrees(rank), in that order; all lanes of the rank must have been delivered.
  std::vector<std::pair<TreeNode, GradientSum>> take(const Adder& add);
  void give_back(GradientSum sum);
  int peak_buffers() const { return peak_; }

 private:
  using Waiting = std::map<std::pair<int, int>, GradientSum>;
  /// The sum of the node's sibling, when their parent belongs to this rank and the sum is there.
  Waiting::iterator find_sibling(TreeNode node);

  const LaneTree& tree_;
  int rank_;
  std::size_t dense_;
  std::vector<std::int64_t> widths_;
  std::mutex mutex_;
  Waiting waiting_;  // (level, index) -> sum
  std::vector<GradientSum> free_;
  int undelivered_ = 0;  // lanes
  int alive_ = 0;
  int peak_ = 0;
};

}  // namespace coldframe
