#include "framework/evaluation/block_scorer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/normals.h"

namespace coldframe {
namespace {

using test::normals;

/// A catalogue, users and what is asked; scores by the definition, one product at a time.
struct Case {
  std::size_t users, items, width;
  float scale = 1.0f;
  std::vector<float> user_vectors = normals(users * width, 1);
  std::vector<float> item_vectors = normals(items * width, 2);
  std::vector<float> prior = normals(items, 3);

  BlockScorer scorer(std::string_view kernel = {}) const {
    return BlockScorer(item_vectors, width, {scale, prior}, kernel);
  }
  float score(std::size_t user, std::size_t item) const {
    float sum = 0;
    for (std::size_t d = 0; d < width; ++d) {
      sum = std::fma(user_vectors[user * width + d], item_vectors[item * width + d], sum);
    }
    const float scaled = scale * sum;
    return scaled + prior[item];
  }
  std::vector<float> row(std::size_t user) const {
    std::vector<float> row;
    for (std::size_t i = 0; i < items; ++i) row.push_back(score(user, i));
    return row;
  }
  std::span<const float> vectors_of(std::size_t user, std::size_t count = 1) const {
    return std::span(user_vectors).subspan(user * width, count * width);
  }
};

void expect_same_bits(std::span<const float> a, std::span<const float> b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a[i]), std::bit_cast<std::uint32_t>(b[i])) << "place " << i;
  }
}

bool same(const std::vector<RankedItem>& a, const std::vector<RankedItem>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RankedItem& x, const RankedItem& y) {
    return x.item == y.item && std::bit_cast<std::uint32_t>(x.score) == std::bit_cast<std::uint32_t>(y.score);
  });
}

/// Around the sizes of a tile (8 users, 32 items) and of vector registers, and beyond the strip that stays in the
/// cache.
const Case k_cases[] = {{1, 1, 1},          {7, 31, 2},  {8, 32, 3},  {9, 33, 16},
                        {17, 64, 33},       {3, 5, 128}, {20, 97, 7}, {11, 400, 384, 20.0f},
                        {2, 2500, 31, 0.5f}};

TEST(BlockScorer, gives_the_bits_of_the_definition_on_every_instruction_set) {
  for (const std::string& kernel : BlockScorer::kernels()) {
    for (const Case& c : k_cases) {
      SCOPED_TRACE(kernel + ", width " + std::to_string(c.width));
      std::vector<float> scores(c.users * c.items);
      c.scorer(kernel).score(c.user_vectors, scores);
      for (std::size_t u = 0; u < c.users; ++u) {
        expect_same_bits(std::span(scores).subspan(u * c.items, c.items), c.row(u));
      }
    }
  }
}

TEST(BlockScorer, the_best_are_those_of_the_full_row) {
  const KeyedRandom random(3, Purpose::subsample);
  const TieBreak ties(9);
  for (const std::string& kernel : BlockScorer::kernels()) {
    for (const Case& c : k_cases) {
      std::vector<std::vector<ItemId>> candidates(c.users);
      std::vector<TopRequest> requests;
      for (std::uint32_t u = 0; u < c.users; ++u) {
        for (std::uint32_t i = 0; i < c.items; ++i) {
          if (u == 0 || random.uniform(UserKey(u), 0, 0, i) < 0.8) candidates[u].emplace_back(i);
        }
        requests.push_back({UserKey(u), candidates[u], u == 1 ? c.items + 5 : u % 12});
      }
      const auto best = c.scorer(kernel).top(c.user_vectors, requests, ties);
      ASSERT_EQ(best.size(), c.users);
      for (std::size_t u = 0; u < c.users; ++u) {
        EXPECT_TRUE(same(best[u], top_of_row(requests[u], c.row(u), ties)))
            << kernel << ", width " << c.width << ", user " << u;
      }
    }
  }
}

TEST(BlockScorer, ties_fall_as_they_do_in_a_full_row) {
  Case c{10, 300, 4};
  for (std::vector<float>* vectors : {&c.user_vectors, &c.item_vectors, &c.prior}) {
    for (float& value : *vectors) value = std::round(value);  // small whole numbers: most scores are shared
  }
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < c.items; ++i) items.emplace_back(i);
  std::vector<TopRequest> requests;
  for (std::uint32_t u = 0; u < c.users; ++u) requests.push_back({UserKey(u), items, 25});
  const TieBreak ties(2);
  for (const std::string& kernel : BlockScorer::kernels()) {
    const auto best = c.scorer(kernel).top(c.user_vectors, requests, ties);
    for (std::size_t u = 0; u < c.users; ++u) {
      EXPECT_TRUE(same(best[u], top_of_row(requests[u], c.row(u), ties))) << kernel << ", user " << u;
    }
  }
}

TEST(BlockScorer, neighbours_change_no_bit) {
  const Case c{19, 70, 50};
  const BlockScorer scorer = c.scorer();
  std::vector<float> together(c.users * c.items), alone(c.items);
  scorer.score(c.user_vectors, together);
  for (std::size_t u = 0; u < c.users; ++u) {
    scorer.score(c.vectors_of(u), alone);
    expect_same_bits(std::span(together).subspan(u * c.items, c.items), alone);
  }
  // Nor do the items behind and before: every item as a catalogue of its own.
  for (std::size_t i = 0; i < c.items; ++i) {
    const BlockScorer one(std::span(c.item_vectors).subspan(i * c.width, c.width), c.width,
                          {c.scale, std::span(c.prior).subspan(i, 1)});
    float score = 0;
    one.score(c.vectors_of(4), {&score, 1});
    EXPECT_EQ(score, together[4 * c.items + i]);
  }
}

TEST(BlockScorer, scores_are_close_to_those_in_double_precision) {
  const Case c{4, 50, 384};
  for (std::size_t u = 0; u < c.users; ++u) {
    for (std::size_t i = 0; i < c.items; ++i) {
      double sum = 0, size = 0;
      for (std::size_t d = 0; d < c.width; ++d) {
        const double term = static_cast<double>(c.user_vectors[u * c.width + d]) * c.item_vectors[i * c.width + d];
        sum += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(c.score(u, i), sum + c.prior[i], 385 * 0x1p-24 * (size + std::abs(c.prior[i])));
    }
  }
}

TEST(BlockScorer, without_a_prior_nothing_is_added) {
  const Case c{2, 40, 5};
  const std::vector<float> zeros(c.items, 0.0f);
  std::vector<float> without(c.users * c.items), with(c.users * c.items);
  BlockScorer(c.item_vectors, c.width, {3.0f, {}}).score(c.user_vectors, without);
  BlockScorer(c.item_vectors, c.width, {3.0f, zeros}).score(c.user_vectors, with);
  expect_same_bits(without, with);
}

TEST(BlockScorer, a_nan_is_refused_where_it_matters) {
  Case c{9, 40, 3};
  c.user_vectors[8 * c.width] = std::numeric_limits<float>::infinity();
  c.item_vectors[33 * c.width] = 0.0f;  // infinity times 0
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < c.items; ++i) items.emplace_back(i);
  std::vector<TopRequest> requests(9, TopRequest{UserKey(1), items, 2});
  for (const std::string& kernel : BlockScorer::kernels()) {
    EXPECT_THROW(c.scorer(kernel).top(c.user_vectors, requests, TieBreak(1)), NumericError);
  }
  items.erase(items.begin() + 33);
  for (TopRequest& request : requests) request.candidates = items;
  EXPECT_EQ(c.scorer().top(c.user_vectors, requests, TieBreak(1))[8].size(), 2u);
}

TEST(BlockScorer, an_empty_catalogue_and_nobody_are_no_errors) {
  const BlockScorer empty({}, 4, {});
  const std::vector<float> user(4, 1.0f);
  const std::vector<TopRequest> requests{{UserKey(1), {}, 3}};
  EXPECT_TRUE(empty.top(user, requests, TieBreak(1))[0].empty());
  EXPECT_TRUE(Case({1, 10, 4}).scorer().top({}, {}, TieBreak(1)).empty());
}

TEST(BlockScorer, wrong_sizes_and_kernels_are_named) {
  const std::vector<float> vectors(12, 1.0f), prior(5, 0.0f);
  EXPECT_THROW(BlockScorer(vectors, 0, {}), DataError);
  EXPECT_THROW(BlockScorer(vectors, 5, {}), DataError);
  EXPECT_THROW(BlockScorer(vectors, 4, {1.0f, prior}), DataError);
  EXPECT_THROW(BlockScorer(vectors, 4, {}, "avx1024"), ConfigError);
  EXPECT_EQ(BlockScorer::kernels().back(), "plain");
}

}  // namespace
}  // namespace coldframe
