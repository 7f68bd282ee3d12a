#include "framework/distributed/tree_reduce.h"

#include <algorithm>
#include <map>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_slice = 4096;  // slices are cut at multiples of this many elements
/// Sums travel in pieces of this many elements: half a MiB, which is still in the cache when it is added.
constexpr std::size_t k_piece = std::size_t{1} << 17;

template <class T>
std::span<const std::byte> bytes_of(std::span<const T> values) {
  return std::as_bytes(values);
}

void send_rows(const Group& group, int peer, const SparseRows& rows) {
  const std::int64_t count = static_cast<std::int64_t>(rows.ids.size());
  group.send(peer, bytes_of(std::span(&count, 1)));
  if (count == 0) return;
  group.send(peer, bytes_of(std::span(rows.ids)));
  group.send(peer, bytes_of(std::span(rows.rows)));
}

SparseRows receive_rows(const Group& group, int peer, std::int64_t width) {
  std::int64_t count = 0;
  group.receive(peer, std::as_writable_bytes(std::span(&count, 1)));
  SparseRows rows{width, std::vector<std::int64_t>(static_cast<std::size_t>(count)),
                  std::vector<float>(static_cast<std::size_t>(count * width))};
  if (count == 0) return rows;
  group.receive(peer, std::as_writable_bytes(std::span(rows.ids)));
  group.receive(peer, std::as_writable_bytes(std::span(rows.rows)));
  return rows;
}

SparseRows trade_rows(const Group& group, int peer, const SparseRows& mine) {
  const std::int64_t count = static_cast<std::int64_t>(mine.ids.size());
  std::int64_t incoming = 0;
  group.exchange(peer, bytes_of(std::span(&count, 1)), std::as_writable_bytes(std::span(&incoming, 1)));
  SparseRows theirs{mine.width, std::vector<std::int64_t>(static_cast<std::size_t>(incoming)),
                    std::vector<float>(static_cast<std::size_t>(incoming * mine.width))};
  group.exchange(peer, bytes_of(std::span(mine.ids)), std::as_writable_bytes(std::span(theirs.ids)));
  group.exchange(peer, bytes_of(std::span(mine.rows)), std::as_writable_bytes(std::span(theirs.rows)));
  return theirs;
}

struct Slice {
  std::size_t begin;
  std::size_t end;
  std::size_t size() const { return end - begin; }
};

Slice lower_half(Slice slice) {
  const std::size_t middle = slice.begin + (slice.size() / 2 + k_slice - 1) / k_slice * k_slice;
  return {slice.begin, std::min(middle, slice.end)};
}

std::span<const float> piece_of(std::span<const float> values, std::size_t begin) {
  begin = std::min(begin, values.size());
  return values.subspan(begin, std::min(k_piece, values.size() - begin));
}

/// Sends one slice while the peer's share of another one arrives and is added.
void exchange_and_add(const Group& group, int peer, std::span<const float> sent, std::span<float> kept,
                      std::span<float> scratch) {
  for (std::size_t begin = 0; begin < std::max(sent.size(), kept.size()); begin += k_piece) {
    const std::span<float> incoming = scratch.first(piece_of(kept, begin).size());
    group.exchange(peer, bytes_of(piece_of(sent, begin)), std::as_writable_bytes(incoming));
    if (!incoming.empty()) add_into(kept.subspan(begin, incoming.size()), incoming);
  }
}

void hypercube_dense(const Group& group, std::span<float> dense, std::span<float> scratch) {
  std::vector<std::pair<Slice, Slice>> halves;  // (kept, sent) per level
  Slice mine{0, dense.size()};
  for (int distance = 1; distance < group.size(); distance *= 2) {
    const int peer = group.rank() ^ distance;
    const Slice low = lower_half(mine), high{low.end, mine.end};
    const auto [kept, sent] = group.rank() < peer ? std::pair(low, high) : std::pair(high, low);
    exchange_and_add(group, peer, dense.subspan(sent.begin, sent.size()), dense.subspan(kept.begin, kept.size()),
                     scratch);
    halves.emplace_back(kept, sent);
    mine = kept;
  }
  for (int distance = group.size() / 2; distance >= 1; distance /= 2) {
    const auto [kept, sent] = halves.back();
    halves.pop_back();
    group.exchange(group.rank() ^ distance, std::as_bytes(dense.subspan(kept.begin, kept.size())),
                   std::as_writable_bytes(dense.subspan(sent.begin, sent.size())));
  }
}

void hypercube_sparse(const Group& group, SparseRows& rows) {
  for (int distance = 1; distance < group.size(); distance *= 2) {
    const int peer = group.rank() ^ distance;
    SparseRows theirs = trade_rows(group, peer, rows);
    // The lower rank is the left operand on both sides, so both end with the same list.
    if (group.rank() > peer) std::swap(rows, theirs);
    rows.add(theirs);
  }
}

void send_sum(const Group& group, int peer, const GradientSum& sum) {
  const std::span<const float> dense = sum.dense.span();
  for (std::size_t begin = 0; begin < dense.size(); begin += k_piece)
    group.send(peer, bytes_of(piece_of(dense, begin)));
  for (const SparseRows& rows : sum.sparse) send_rows(group, peer, rows);
}

void receive_and_add(const Group& group, int peer, GradientSum& left, std::span<float> scratch) {
  const std::span<float> dense = left.dense.span();
  for (std::size_t begin = 0; begin < dense.size(); begin += k_piece) {
    const auto incoming = scratch.first(std::min(k_piece, dense.size() - begin));
    group.receive(peer, std::as_writable_bytes(incoming));
    add_into(dense.subspan(begin, incoming.size()), incoming);
  }
  for (SparseRows& rows : left.sparse) rows.add(receive_rows(group, peer, rows.width));
}

/// Level by level; within a level nodes in index order, so every pair of ranks meets in the same order on both sides.
GradientSum climb(const Group& group, const LaneTree& tree, std::vector<std::pair<TreeNode, GradientSum>> mine,
                  std::span<float> scratch, std::vector<GradientSum>& spare) {
  std::map<std::pair<int, int>, GradientSum> sums;
  for (auto& [node, sum] : mine) sums.emplace(std::pair{node.level, node.index}, std::move(sum));
  for (int level = 0; level < tree.root_level(); ++level) {
    for (int index = 0; index < tree.lanes() >> level; index += 2) {
      const TreeNode left{level, index}, right{level, index + 1};
      if (tree.is_local(LaneTree::parent(left))) continue;  // folded before the ranks met
      const int to = tree.owner(left), from = tree.owner(right);
      if (group.rank() == from && to != from) {
        auto found = sums.find({level, index + 1});
        send_sum(group, to, found->second);
        spare.push_back(std::move(found->second));
        sums.erase(found);
      }
      if (group.rank() != to) continue;
      GradientSum sum = std::move(sums.at({level, index}));
      sums.erase({level, index});
      if (to == from) {
        auto found = sums.find({level, index + 1});
        sum.add(found->second);
        spare.push_back(std::move(found->second));
        sums.erase(found);
      } else {
        receive_and_add(group, from, sum, scratch);
      }
      sums.emplace(std::pair{level + 1, index / 2}, std::move(sum));
    }
  }
  if (!group.is_root()) {
    GradientSum buffer = std::move(spare.back());
    spare.pop_back();
    return buffer;
  }
  return std::move(sums.begin()->second);
}

void broadcast_sum(const Group& group, GradientSum& total) {
  broadcast(group, 0, std::as_writable_bytes(total.dense.span()));
  for (SparseRows& rows : total.sparse) {
    std::int64_t count = static_cast<std::int64_t>(rows.ids.size());
    broadcast(group, 0, std::as_writable_bytes(std::span(&count, 1)));
    rows.ids.resize(static_cast<std::size_t>(count));
    rows.rows.resize(static_cast<std::size_t>(count * rows.width));
    if (count == 0) continue;
    broadcast(group, 0, std::as_writable_bytes(std::span(rows.ids)));
    broadcast(group, 0, std::as_writable_bytes(std::span(rows.rows)));
  }
}

}  // namespace

GradientSum tree_reduce(const Group& group, const LaneTree& tree, std::vector<std::pair<TreeNode, GradientSum>> mine,
                        std::vector<GradientSum>& spare) {
  CF_EXPECTS(!mine.empty());
  if (group.size() == 1) return std::move(mine.front().second);
  AlignedBuffer buffer(std::min(k_piece, mine.front().second.dense.size()));
  const std::span<float> scratch = buffer.span();
  if (tree.is_hypercube()) {
    GradientSum total = std::move(mine.front().second);
    hypercube_dense(group, total.dense.span(), scratch);
    for (SparseRows& rows : total.sparse) hypercube_sparse(group, rows);
    return total;
  }
  GradientSum total = climb(group, tree, std::move(mine), scratch, spare);
  broadcast_sum(group, total);
  return total;
}

void tree_reduce_local(std::vector<GradientSum>& blocks) {
  for (std::size_t distance = 1; distance < blocks.size(); distance *= 2) {
    for (std::size_t left = 0; left + distance < blocks.size(); left += 2 * distance) {
      blocks[left].add(blocks[left + distance]);
    }
  }
}

}  // namespace coldframe
