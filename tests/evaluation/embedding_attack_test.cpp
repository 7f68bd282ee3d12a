#include "framework/evaluation/embedding_attack.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/certified_radius.h"

namespace coldframe {
namespace {

struct Example {
  explicit Example(std::uint64_t seed, std::size_t items = 40, std::size_t dimensions = 12) : width(dimensions) {
    const KeyedRandom random(seed, Purpose::population);
    const auto normal = [&](std::uint32_t a, std::size_t b) {
      const PhiloxBlock words = random.block(UserKey(a), 0, 0, static_cast<std::uint32_t>(b));
      return standard_normals(words[0], words[1])[0];
    };
    for (std::uint32_t i = 0; i < items; ++i) {
      for (std::size_t d = 0; d < width; ++d) vectors.push_back(static_cast<float>(normal(i + 1, d)));
      offsets.push_back(0.2 * normal(i + 1, width));
    }
    for (std::size_t d = 0; d < width; ++d) query.push_back(normal(0, d));
  }
  LinearScorer scorer() const { return LinearScorer(vectors, width, Similarity::dot_product, offsets); }

  std::size_t width;
  std::vector<float> vectors;
  std::vector<double> offsets, query;
};

double length_of(const std::vector<double>& vector) {
  double squares = 0.0;
  for (const double x : vector) squares += x * x;
  return std::sqrt(squares);
}

TEST(EmbeddingAttack, one_step_is_exact_between_two_items) {
  const std::vector<float> items = {1.0f, 0.0f, 0.5f, 0.5f};
  const LinearScorer scorer(items, 2, Similarity::dot_product);
  const std::vector<double> query = {1.0, 0.0};
  EXPECT_FALSE(fast_gradient_attack(scorer, query, {}, 1, 0.7071).succeeded);
  const EmbeddingAttack attack = fast_gradient_attack(scorer, query, {}, 1, 0.7072);
  EXPECT_TRUE(attack.succeeded);
  EXPECT_NEAR(attack.shift[0], -0.7072 * std::sqrt(0.5), 1e-9);  // against v_1 - v_2 = (.5, -.5)
  EXPECT_NEAR(attack.shift[1], 0.7072 * std::sqrt(0.5), 1e-9);
}

TEST(EmbeddingAttack, its_step_is_the_gradient_of_the_margin) {
  const Example example(1);
  const LinearScorer scorer = example.scorer();
  const double clean = fast_gradient_attack(scorer, example.query, {}, 3, 0.0).margin, h = 1e-5;
  std::vector<double> gradient;
  for (std::size_t d = 0; d < example.width; ++d) {
    std::vector<double> query = example.query;
    query[d] += h;
    gradient.push_back((fast_gradient_attack(scorer, query, {}, 3, 0.0).margin - clean) / h);
  }
  const EmbeddingAttack attack = fast_gradient_attack(scorer, example.query, {}, 3, 0.01);
  for (std::size_t d = 0; d < example.width; ++d) {
    EXPECT_NEAR(attack.shift[d], -0.01 * gradient[d] / length_of(gradient), 1e-7) << d;
  }
}

TEST(EmbeddingAttack, none_succeeds_within_the_certified_radius_and_projected_descent_does_just_beyond) {
  std::size_t fast = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Example example(10 + seed);
    const LinearScorer scorer = example.scorer();
    const std::vector<ItemId> masked = {ItemId(static_cast<std::uint32_t>(seed % 40))};
    const std::size_t k = 1 + seed % 5;
    const double radius = certified_radius(scorer, example.query, masked, k).set.radius;
    const EmbeddingAttack below = projected_gradient_attack(scorer, example.query, masked, k, 0.999 * radius);
    EXPECT_FALSE(below.succeeded) << seed;
    EXPECT_LE(length_of(below.shift), 0.999 * radius * (1.0 + 1e-12));
    EXPECT_FALSE(fast_gradient_attack(scorer, example.query, masked, k, 0.999 * radius).succeeded) << seed;
    EXPECT_TRUE(projected_gradient_attack(scorer, example.query, masked, k, 1.02 * radius).succeeded) << seed;
    fast += fast_gradient_attack(scorer, example.query, masked, k, 1.02 * radius).succeeded ? 1 : 0;
  }
  EXPECT_LT(fast, 100u) << "one step takes the closest margin for the closest border";
}

TEST(EmbeddingAttack, without_a_rival_nothing_can_happen) {
  const Example example(3, 4);
  const EmbeddingAttack attack = projected_gradient_attack(example.scorer(), example.query, {}, 4, 10.0);
  EXPECT_FALSE(attack.succeeded);
  EXPECT_EQ(length_of(attack.shift), 0.0);
  EXPECT_FALSE(fast_gradient_attack(example.scorer(), example.query, {}, 9, 10.0).succeeded);
  EXPECT_THROW(fast_gradient_attack(example.scorer(), example.query, {}, 1, -1.0), ConfigError);
  EXPECT_THROW(projected_gradient_attack(example.scorer(), example.query, {}, 1, NAN), ConfigError);
}

}  // namespace
}  // namespace coldframe
