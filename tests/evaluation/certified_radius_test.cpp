#include "framework/evaluation/certified_radius.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// A made-up catalogue with a query; everything is a function of the seed.
struct Case {
  Case(std::uint64_t seed, std::size_t items, std::size_t dimensions, bool with_offsets) : width(dimensions) {
    const KeyedRandom random(seed, Purpose::population);
    const auto normal = [&](std::uint32_t a, std::size_t b) {
      const PhiloxBlock words = random.block(UserKey(a), 0, 0, static_cast<std::uint32_t>(b));
      return standard_normals(words[0], words[1])[0];
    };
    for (std::uint32_t i = 0; i < items; ++i) {
      for (std::size_t d = 0; d < width; ++d) vectors.push_back(static_cast<float>(normal(i + 1, d)));
      if (with_offsets) offsets.push_back(0.3 * normal(i + 1, width));
    }
    for (std::size_t d = 0; d < width; ++d) query.push_back(static_cast<float>(normal(0, d)));
  }
  LinearScorer scorer(Similarity similarity = Similarity::dot_product) const {
    return LinearScorer(vectors, width, similarity, offsets);
  }
  std::vector<double> raw_query() const { return {query.begin(), query.end()}; }

  std::size_t width;
  std::vector<float> vectors, query;
  std::vector<double> offsets;
};

std::vector<ItemId> top_of(const LinearScorer& scorer, std::span<const double> query, std::span<const ItemId> masked,
                           std::size_t k) {
  std::vector<ItemId> top = candidates_by_score(scorer.scores(query), masked, k);
  top.resize(std::min(k, top.size()));
  return top;
}

std::set<ItemId> as_set(const std::vector<ItemId>& items) { return {items.begin(), items.end()}; }

std::vector<double> moved(std::span<const double> query, std::span<const double> direction, double length) {
  double norm = 0.0;
  for (const double x : direction) norm += x * x;
  std::vector<double> out(query.begin(), query.end());
  for (std::size_t d = 0; d < out.size(); ++d) out[d] += length * direction[d] / std::sqrt(norm);
  return out;
}

/// The formula over all pairs, in the most direct way.
double all_pairs(const LinearScorer& scorer, std::span<const double> query, std::span<const ItemId> masked,
                 std::size_t k, bool ordered) {
  const std::vector<double> scores = scorer.scores(query);
  const std::vector<ItemId> ranked = candidates_by_score(scores, masked, scores.size());
  double radius = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(k, ranked.size()); ++i) {
    for (std::size_t j = ordered ? i + 1 : k; j < ranked.size(); ++j) {
      const double margin = scores[ranked[i].value()] - scores[ranked[j].value()];
      const double distance = scorer.distance(ranked[i], ranked[j]);
      if (distance > 0.0) radius = std::min(radius, margin / distance);
    }
  }
  return radius;
}

TEST(CertifiedRadius, of_the_worked_example) {
  const std::vector<float> items = {1.0f, 0.0f, 0.5f, 0.5f};
  const std::vector<double> query = {1.0, 0.0};
  const CertifiedRadius result = certified_radius(LinearScorer(items, 2, Similarity::dot_product), query, {}, 1);
  EXPECT_NEAR(result.set.radius, 0.70711, 5e-6);  // .5 / .70711
  EXPECT_EQ(result.set.above, ItemId(0));
  EXPECT_EQ(result.set.below, ItemId(1));
  EXPECT_EQ(result.top, std::vector<ItemId>{ItemId(0)});
  // Cosine: the second vector becomes (.70711, .70711); (1 - .70711) / ||(.29289, -.70711)|| = .29289 / .76537.
  const CertifiedRadius cosine = certified_radius(LinearScorer(items, 2, Similarity::cosine), query, {}, 1);
  EXPECT_NEAR(cosine.set.radius, 0.38268, 5e-6);
  // An offset of .2 for the first item widens its lead to .7.
  const LinearScorer prior(items, 2, Similarity::dot_product, {0.2, 0.0});
  EXPECT_NEAR(certified_radius(prior, query, {}, 1).set.radius, 0.7 / 0.70711, 1e-4);
}

TEST(CertifiedRadius, is_the_minimum_over_all_pairs) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Case example(seed, 12 + seed % 9, 2 + seed % 5, seed % 2 == 0);
    const LinearScorer scorer = example.scorer(seed % 3 == 0 ? Similarity::cosine : Similarity::dot_product);
    const std::vector<double> query = seed % 3 == 0 ? unit(example.query) : example.raw_query();
    const std::vector<ItemId> masked = {ItemId(static_cast<std::uint32_t>(seed % 12)), ItemId(3)};
    const std::size_t k = 1 + seed % 6;
    const CertifiedRadius result = certified_radius(scorer, query, masked, k);
    EXPECT_DOUBLE_EQ(result.set.radius, all_pairs(scorer, query, masked, k, false)) << seed;
    EXPECT_DOUBLE_EQ(result.order.radius, all_pairs(scorer, query, masked, k, true)) << seed;
    EXPECT_LE(result.order.radius, result.set.radius);
    EXPECT_EQ(result.top, top_of(scorer, query, masked, k));
    for (const ItemId item : result.top) EXPECT_EQ(std::ranges::find(masked, item), masked.end());
  }
}

TEST(CertifiedRadius, is_where_the_list_changes_first_in_the_plane) {
  // Independent of the formula: along each of 3,600 directions the list alone is watched, in steps of 1 / 400.
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Case example(100 + seed, 7, 2, seed % 2 == 0);
    const LinearScorer scorer = example.scorer();
    const std::vector<double> query = example.raw_query();
    const CertifiedRadius result = certified_radius(scorer, query, {}, 3);
    double set = 1e9, order = 1e9;
    for (int angle = 0; angle < 3600; ++angle) {
      const double phi = 2.0 * std::numbers::pi * angle / 3600.0;
      const double direction[] = {std::cos(phi), std::sin(phi)};
      const double longest = 1.05 * result.set.radius;
      for (int step = 1; step <= 400; ++step) {
        const double length = longest * step / 400.0;
        const std::vector<ItemId> top = top_of(scorer, moved(query, direction, length), {}, 3);
        if (top != result.top) order = std::min(order, length);
        if (as_set(top) == as_set(result.top)) continue;
        set = std::min(set, length);
        break;
      }
    }
    EXPECT_NEAR(set, result.set.radius, 0.006 * result.set.radius) << seed;
    EXPECT_GE(set, result.set.radius) << seed;
    EXPECT_NEAR(order, result.order.radius, 0.006 * result.set.radius) << seed;
  }
}

TEST(CertifiedRadius, no_shift_below_it_changes_the_set_and_the_critical_one_does) {
  const KeyedRandom random(9, Purpose::examination);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case example(200 + seed, 60, 16, seed % 2 == 0);
    const LinearScorer scorer = example.scorer();
    const std::vector<double> query = example.raw_query();
    const CertifiedRadius result = certified_radius(scorer, query, {}, 5);
    for (std::uint32_t draw = 0; draw < 100; ++draw) {
      std::vector<double> direction;
      for (std::uint32_t d = 0; d < 16; ++d) {
        const PhiloxBlock words = random.block(UserKey(seed), draw, 0, d);
        direction.push_back(standard_normals(words[0], words[1])[0]);
      }
      EXPECT_EQ(as_set(top_of(scorer, moved(query, direction, 0.999 * result.set.radius), {}, 5)), as_set(result.top));
      EXPECT_EQ(top_of(scorer, moved(query, direction, 0.999 * result.order.radius), {}, 5), result.top);
    }
    const std::vector<double> worst = scorer.difference(result.set.below, result.set.above);
    EXPECT_EQ(as_set(top_of(scorer, moved(query, worst, 0.9999 * result.set.radius), {}, 5)), as_set(result.top));
    EXPECT_NE(as_set(top_of(scorer, moved(query, worst, 1.0001 * result.set.radius), {}, 5)), as_set(result.top));
    const std::vector<double> swap = scorer.difference(result.order.below, result.order.above);
    EXPECT_NE(top_of(scorer, moved(query, swap, 1.0001 * result.order.radius), {}, 5), result.top);
  }
}

TEST(CertifiedRadius, grows_with_the_query_and_not_with_the_items) {
  Case example(300, 30, 8, false);
  const double radius = certified_radius(example.scorer(), example.raw_query(), {}, 4).set.radius;
  std::vector<double> twice = example.raw_query();
  for (double& x : twice) x *= 2.0;
  EXPECT_NEAR(certified_radius(example.scorer(), twice, {}, 4).set.radius, 2.0 * radius, 1e-12);
  for (float& x : example.vectors) x *= 4.0f;
  EXPECT_NEAR(certified_radius(example.scorer(), example.raw_query(), {}, 4).set.radius, radius, 1e-12);
}

TEST(CertifiedRadius, of_a_tie_is_zero_and_of_no_rival_is_infinite) {
  const std::vector<float> items = {1.0f, 0.0f, 1.0f, 0.0f, 0.0f, 1.0f};
  const std::vector<double> query = {1.0, 0.5};
  const LinearScorer scorer(items, 2, Similarity::dot_product);
  EXPECT_EQ(certified_radius(scorer, query, {}, 1).set.radius, 0.0) << "two copies of one vector, one in and one out";
  const CertifiedRadius both = certified_radius(scorer, query, {}, 2);
  EXPECT_GT(both.set.radius, 0.0);
  EXPECT_EQ(both.order.radius, 0.0);
  const std::vector<double> level = {1.0, 1.0};  // the third item scores as the others do
  EXPECT_EQ(certified_radius(scorer, level, {}, 2).set.radius, 0.0);
  EXPECT_TRUE(std::isinf(certified_radius(scorer, query, {}, 3).set.radius));
  const std::vector<ItemId> masked = {ItemId(1), ItemId(2)};
  EXPECT_TRUE(std::isinf(certified_radius(scorer, query, masked, 1).order.radius));
  // Copies that a prior tells apart never change places.
  const LinearScorer prior(items, 2, Similarity::dot_product, {0.1, 0.0, -9.0});
  EXPECT_NEAR(certified_radius(prior, query, {}, 1).set.radius, 9.6 / std::sqrt(2.0), 1e-6);
}

TEST(CertifiedRadius, measures_few_pairs_of_a_large_catalogue) {
  const Case example(400, 4000, 16, true);
  const LinearScorer scorer = example.scorer();
  const CertifiedRadius result = certified_radius(scorer, example.raw_query(), {}, 10);
  EXPECT_DOUBLE_EQ(result.set.radius, all_pairs(scorer, example.raw_query(), {}, 10, false));
  EXPECT_LT(result.pairs_measured, 2000u) << "of 39,900";
}

TEST(LinearScorer, refuses_what_it_cannot_score) {
  const std::vector<float> items = {1.0f, 0.0f, 0.0f, 0.0f};
  EXPECT_THROW(LinearScorer(items, 3, Similarity::dot_product), DataError);
  EXPECT_THROW(LinearScorer(items, 2, Similarity::dot_product, {1.0}), DataError);
  EXPECT_THROW(LinearScorer(items, 2, Similarity::cosine), DataError);
  EXPECT_THROW(LinearScorer(std::vector<float>{1.0f, NAN}, 2, Similarity::dot_product), NumericError);
  EXPECT_THROW(unit(std::vector<float>{0.0f, 0.0f}), DataError);
}

}  // namespace
}  // namespace coldframe
