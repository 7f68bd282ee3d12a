#pragma once

#include <condition_variable>
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
  /// `dense` elements per buffer; `sparse_widths` one per sparse parameter.
  SubtreeSums(const LaneTree& tree, int rank, std::size_t dense, std::vector<std::int64_t> sparse_widths);

  /// A zeroed buffer for one lane.
  GradientSum lease();
  void deliver(int lane, GradientSum sum);
  /// The sums of tree.maximal_subtrees(rank), in that order; all lanes of the rank must have been delivered.
  std::vector<std::pair<TreeNode, GradientSum>> take();
  void give_back(GradientSum sum);
  int peak_buffers() const { return peak_; }

 private:
  const LaneTree& tree_;
  int rank_;
  std::size_t dense_;
  std::vector<std::int64_t> widths_;
  std::mutex mutex_;
  std::map<std::pair<int, int>, GradientSum> waiting_;  // (level, index) -> sum
  std::vector<GradientSum> free_;
  int alive_ = 0;
  int peak_ = 0;
};

}  // namespace coldframe
