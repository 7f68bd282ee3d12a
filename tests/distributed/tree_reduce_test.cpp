#include "framework/distributed/tree_reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/philox.h"
#include "framework/distributed/subtree_sums.h"

namespace coldframe {
namespace {

/// Values of very different size, so that every other order of additions shows in the bits.
float noise(int lane, std::size_t element) {
  const PhiloxBlock words =
      philox4x32({static_cast<std::uint32_t>(lane), static_cast<std::uint32_t>(element), 0, 0}, {1, 2});
  return (uniform_float(words[0]) - 0.5f) * std::pow(10.0f, static_cast<float>(words[1] % 9) - 4.0f);
}

GradientSum lane_gradient(GradientSum sum, int lane, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) sum.dense.data()[i] = noise(lane, i);
  // Lane 1 touches no token at all; the others share some rows.
  if (lane != 1) {
    for (std::int64_t id = lane; id < 40; id += 1 + lane % 3) {
      sum.sparse[0].ids.push_back(id);
      for (std::size_t d = 0; d < 3; ++d)
        sum.sparse[0].rows.push_back(noise(lane, static_cast<std::size_t>(id) * 3 + d));
    }
  }
  return sum;
}

GradientSum reduce_on(const Group& group, int lanes, std::size_t size) {
  const LaneTree tree(lanes, group.size());
  SubtreeSums sums(tree, group.rank(), size, {3});
  for (int lane = tree.first_lane(group.rank()); lane < tree.end_lane(group.rank()); ++lane) {
    sums.deliver({0, lane}, lane_gradient(sums.lease(lane, false).sum, lane, size));
  }
  std::vector<GradientSum> spare;
  return tree_reduce(group, tree, sums.take(&GradientSum::add), spare);
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class TreeReduceTest : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(TreeReduceTest, gives_every_rank_the_bits_of_one_rank) {
  const auto [lanes, ranks] = GetParam();
  for (const std::size_t size : {std::size_t{1}, std::size_t{17}, std::size_t{4096}, std::size_t{20000}}) {
    const GradientSum expected = reduce_on(Group(), lanes, size);
    run_virtual_ranks(ranks, [&, lanes = lanes](const Group& group) {
      const GradientSum got = reduce_on(group, lanes, size);
      EXPECT_TRUE(same_bits(expected.dense.span(), got.dense.span()))
          << "rank " << group.rank() << " of " << group.size();
      EXPECT_EQ(expected.sparse[0].ids, got.sparse[0].ids);
      EXPECT_TRUE(same_bits(expected.sparse[0].rows, got.sparse[0].rows)) << "rank " << group.rank();
    });
  }
}

TEST(TreeReduceTest, sums_that_travel_in_several_pieces_have_the_bits_of_one_rank) {
  const std::size_t size = 300'001;
  const GradientSum expected = reduce_on(Group(), 4, size);
  for (const int ranks : {2, 3}) {
    run_virtual_ranks(ranks, [&](const Group& group) {
      EXPECT_TRUE(same_bits(expected.dense.span(), reduce_on(group, 4, size).dense.span())) << "rank " << group.rank();
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, TreeReduceTest,
                         ::testing::Values(std::pair{4, 2}, std::pair{4, 3}, std::pair{4, 4}, std::pair{8, 3},
                                           std::pair{8, 5}, std::pair{8, 7}, std::pair{8, 8}, std::pair{16, 6}));

TEST(TreeReduceLocalTest, is_the_same_tree) {
  const GradientSum expected = reduce_on(Group(), 8, 1000);
  std::vector<GradientSum> blocks;
  for (int lane = 0; lane < 8; ++lane) {
    GradientSum empty{AlignedBuffer(1000), {SparseRows{3, {}, {}}}};
    blocks.push_back(lane_gradient(std::move(empty), lane, 1000));
  }
  tree_reduce_local(blocks);
  EXPECT_TRUE(same_bits(expected.dense.span(), blocks[0].dense.span()));
}

TEST(TreeReduceTest, a_sum_in_lane_order_has_other_bits) {
  // Guards the test itself: were the values too tame, every order would agree.
  const GradientSum tree = reduce_on(Group(), 8, 1000);
  std::vector<float> by_order(1000, 0.0f);
  for (int lane = 0; lane < 8; ++lane) {
    for (std::size_t i = 0; i < by_order.size(); ++i) by_order[i] += noise(lane, i);
  }
  EXPECT_FALSE(same_bits(tree.dense.span(), by_order));
}

}  // namespace
}  // namespace coldframe
