#include "framework/distributed/subtree_sums.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

SubtreeSums::SubtreeSums(const LaneTree& tree, int rank, std::size_t dense, std::vector<std::int64_t> sparse_widths)
    : tree_(tree), rank_(rank), dense_(dense), widths_(std::move(sparse_widths)) {}

GradientSum SubtreeSums::lease() {
  GradientSum sum;
  {
    const std::scoped_lock lock(mutex_);
    peak_ = std::max(peak_, ++alive_);
    if (!free_.empty()) {
      sum = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (sum.dense.size() != dense_) sum.dense = AlignedBuffer(dense_);
  std::ranges::fill(sum.dense.span(), 0.0f);
  sum.sparse.clear();
  for (const std::int64_t width : widths_) sum.sparse.push_back({width, {}, {}});
  return sum;
}

void SubtreeSums::deliver(int lane, GradientSum sum) {
  TreeNode node{0, lane};
  std::unique_lock lock(mutex_);
  while (node.level < tree_.root_level() && tree_.is_local(LaneTree::parent(node)) &&
         tree_.owner(LaneTree::parent(node)) == rank_) {
    const TreeNode sibling = LaneTree::sibling(node);
    const auto found = waiting_.find({sibling.level, sibling.index});
    if (found == waiting_.end()) break;
    GradientSum other = std::move(found->second);
    waiting_.erase(found);
    lock.unlock();
    if (!LaneTree::is_left(node)) std::swap(sum, other);
    sum.add(other);
    lock.lock();
    free_.push_back(std::move(other));
    --alive_;
    node = LaneTree::parent(node);
  }
  waiting_.emplace(std::pair{node.level, node.index}, std::move(sum));
}

std::vector<std::pair<TreeNode, GradientSum>> SubtreeSums::take() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<TreeNode, GradientSum>> sums;
  for (const TreeNode node : tree_.maximal_subtrees(rank_)) {
    const auto found = waiting_.find({node.level, node.index});
    CF_ASSERT(found != waiting_.end());
    sums.emplace_back(node, std::move(found->second));
    waiting_.erase(found);
  }
  return sums;
}

void SubtreeSums::give_back(GradientSum sum) {
  const std::scoped_lock lock(mutex_);
  free_.push_back(std::move(sum));
  --alive_;
}

}  // namespace coldframe
