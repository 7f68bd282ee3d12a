#include "framework/distributed/subtree_sums.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

SubtreeSums::SubtreeSums(const LaneTree& tree, int rank, std::size_t dense, std::vector<std::int64_t> sparse_widths)
    : tree_(tree),
      rank_(rank),
      dense_(dense),
      widths_(std::move(sparse_widths)),
      undelivered_(tree.end_lane(rank) - tree.first_lane(rank)) {}

SubtreeSums::Waiting::iterator SubtreeSums::find_sibling(TreeNode node) {
  const bool ours = node.level < tree_.root_level() && tree_.is_local(LaneTree::parent(node)) &&
                    tree_.owner(LaneTree::parent(node)) == rank_;
  if (!ours) return waiting_.end();
  const TreeNode sibling = LaneTree::sibling(node);
  return waiting_.find({sibling.level, sibling.index});
}

SubtreeSums::Lease SubtreeSums::lease(int lane, bool may_add) {
  Lease lease{{}, {0, lane}, false};
  {
    const std::scoped_lock lock(mutex_);
    const auto sibling = may_add ? find_sibling(lease.node) : waiting_.end();
    if (sibling != waiting_.end()) {
      lease = {std::move(sibling->second), LaneTree::parent(lease.node), true};
      waiting_.erase(sibling);
      return lease;
    }
    peak_ = std::max(peak_, ++alive_);
    if (!free_.empty()) {
      lease.sum = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (lease.sum.dense.size() != dense_) lease.sum.dense = AlignedBuffer(dense_);
  lease.sum.sparse.clear();
  for (const std::int64_t width : widths_) lease.sum.sparse.push_back({width, {}, {}});
  return lease;
}

void SubtreeSums::deliver(TreeNode node, GradientSum sum) {
  std::unique_lock lock(mutex_);
  CF_EXPECTS(undelivered_ > 0);
  const bool last = --undelivered_ == 0;
  for (auto sibling = find_sibling(node); sibling != waiting_.end() && !last; sibling = find_sibling(node)) {
    GradientSum other = std::move(sibling->second);
    waiting_.erase(sibling);
    lock.unlock();
    sum.add(other);
    lock.lock();
    free_.push_back(std::move(other));
    --alive_;
    node = LaneTree::parent(node);
  }
  waiting_.emplace(std::pair{node.level, node.index}, std::move(sum));
}

std::vector<std::pair<TreeNode, GradientSum>> SubtreeSums::take(const Adder& add) {
  const std::scoped_lock lock(mutex_);
  CF_EXPECTS(undelivered_ == 0);
  undelivered_ = tree_.end_lane(rank_) - tree_.first_lane(rank_);
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const TreeNode node{at->first.first, at->first.second};
    const auto sibling = find_sibling(node);
    if (sibling == waiting_.end()) {
      ++at;
      continue;
    }
    add(at->second, sibling->second);
    free_.push_back(std::move(sibling->second));
    --alive_;
    waiting_.erase(sibling);
    const TreeNode parent = LaneTree::parent(node);
    auto sum = waiting_.extract(at);
    sum.key() = {parent.level, parent.index};
    waiting_.insert(std::move(sum));
    at = waiting_.begin();
  }
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
