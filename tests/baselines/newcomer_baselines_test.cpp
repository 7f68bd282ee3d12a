#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/baselines/attribute_regression.h"
#include "framework/baselines/content_nearest.h"
#include "framework/baselines/factor_fold_in.h"
#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

std::vector<float> scores(const Baseline& baseline, std::size_t items, const BaselineQuery& query) {
  std::vector<float> values(items, std::numeric_limits<float>::quiet_NaN());
  baseline.score(query, values);
  return values;
}

std::vector<std::uint64_t> keys(std::size_t items) {
  std::vector<std::uint64_t> keys(items);
  for (std::size_t i = 0; i < items; ++i) keys[i] = 1000 + i;
  return keys;
}

TEST(ContentNearest, splits_words_as_the_usual_pattern_does) {
  EXPECT_EQ(content_words("Schindler's List (1993), a B-movie; Caf\xC3\xA9 \xC3\xA9"),
            (std::vector<std::string>{"schindler", "list", "1993", "movie", "caf\xC3\xA9"}));
}

TEST(ContentNearest, scores_are_cosines_worked_by_hand) {
  const ContentNearest baseline({"red fox", "red red dog", "blue cat", ""});
  const std::vector<ItemId> history = {ItemId(0)};
  BaselineQuery query;
  query.history = history;
  const std::vector<float> score = scores(baseline, 4, query);
  // idf(red) = ln(5/3) + 1, idf of the others ln(5/2) + 1; n = 4 texts.
  const double common = std::log(5.0 / 3.0) + 1, rare = std::log(5.0 / 2.0) + 1;
  const double expected = common * 2 * common / (std::hypot(common, rare) * std::hypot(2 * common, rare));
  EXPECT_NEAR(score[0], 1.0, 1e-6);
  EXPECT_NEAR(score[1], expected, 1e-6);
  EXPECT_EQ(score[2], 0.0f);
  EXPECT_EQ(score[3], 0.0f);
}

TEST(FactorFoldIn, error_never_increases_and_blocks_are_found) {
  // Two kinds of people who like six of the ten items of their kind.
  TrainingLikes training{20, {}, {}};
  const KeyedRandom random(3, Purpose::data_order);
  for (std::uint32_t u = 0; u < 60; ++u) {
    training.users.emplace_back(u);
    std::vector<ItemId> liked;
    for (std::uint32_t i = 0; i < 20; ++i) {
      if (i / 10 == u % 2 && random.uniform(UserKey(u), 0, 0, i) < 0.6) liked.emplace_back(i);
    }
    training.likes.push_back(liked);
  }
  const FactorFoldIn baseline(training, keys(20),
                              {.dimension = 2, .confidence = 10, .ridge = 1, .rounds = 10, .seed = 1});
  for (std::size_t k = 1; k < baseline.errors().size(); ++k) {
    EXPECT_LE(baseline.errors()[k], baseline.errors()[k - 1] * (1 + 1e-12));
  }
  const std::vector<ItemId> history = {ItemId(12), ItemId(15)};
  BaselineQuery query;
  query.history = history;
  const std::vector<float> score = scores(baseline, 20, query);
  for (std::size_t own = 10; own < 20; ++own) {
    for (std::size_t other = 0; other < 10; ++other) EXPECT_GT(score[own], score[other] + 0.3);
  }
}

TEST(FactorFoldIn, folds_a_training_user_to_the_least_squares_solution) {
  // One item, one user who likes it: with q fixed, p = (c q) / (c q^2 + ridge), and each side is optimal in turn.
  TrainingLikes training{1, {UserId(0)}, {{ItemId(0)}}};
  const FactorFoldIn baseline(training, keys(1),
                              {.dimension = 1, .confidence = 3, .ridge = 0.5, .rounds = 200, .seed = 1});
  const std::vector<ItemId> history = {ItemId(0)};
  BaselineQuery query;
  query.history = history;
  // Fixed point p = q: 4 q^2 + .5 = 4, so p q = 3.5 / 4.
  EXPECT_NEAR(scores(baseline, 1, query)[0], 3.5 / 4, 1e-5);
}

struct People {
  TrainingLikes training{4, {}, {}};
  EntityTable table;
};

/// Women like item 0 three times as often as item 1, men the other way round; 2 and 3 are for all; age rules nothing.
People people() {
  People p;
  AttributeColumn gender{"gender", AttributeKind::category, {}, {}, {}}, age{"age", AttributeKind::number, {}, {}, {}};
  for (std::uint32_t u = 0; u < 800; ++u) {
    const bool woman = u % 2 == 0;
    p.table.ids.push_back(std::to_string(u));
    gender.texts.push_back(woman ? "F" : "M");
    age.numbers.push_back(20 + (u / 16) % 30);
    p.training.users.emplace_back(u);
    // Per block of eight people of a gender: 3 of one, 1 of the other, 2 each of the shared ones.
    const std::uint32_t place = (u / 2) % 8;
    const std::uint32_t own = woman ? 0 : 1;
    p.training.likes.push_back({ItemId(place < 3 ? own : place < 4 ? 1 - own : place < 6 ? 2 : 3)});
  }
  p.table.columns = {gender, age};
  return p;
}

TEST(AttributeRegression, finds_the_shares_of_each_group) {
  const People p = people();
  const AttributeRegression baseline(p.training, p.table, {.ridge = 1e-3, .pseudo_count = 1e-3, .tolerance = 1e-12});
  for (std::size_t k = 1; k < baseline.objective().size(); ++k) {
    EXPECT_GE(baseline.objective()[k], baseline.objective()[k - 1]);
  }
  BaselineQuery query;
  query.attributes = &p.table;
  query.user = UserId(0);
  const std::vector<float> woman = scores(baseline, 4, query);
  const double expected[] = {3.0 / 8, 1.0 / 8, 2.0 / 8, 2.0 / 8};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(std::exp(woman[i]), expected[i], 0.02) << "item " << i;
  query.user = UserId(1);
  const std::vector<float> man = scores(baseline, 4, query);
  EXPECT_NEAR(std::exp(man[1]), 3.0 / 8, 0.02);
}

TEST(AttributeRegression, reaches_a_point_where_the_likelihood_is_flat) {
  const People p = people();
  const AttributeRegressionOptions options{.ridge = 2, .pseudo_count = 0.5, .iterations = 200, .tolerance = 0};
  const AttributeRegression baseline(p.training, p.table, options);
  // First-order condition of the intercepts: expected likes = likes + pseudo-likes over people and the one without
  // attributes.
  BaselineQuery query;
  std::vector<double> expected(4, 0.0), observed(4, options.pseudo_count);
  const std::vector<float> nobody = scores(baseline, 4, query);
  for (std::size_t i = 0; i < 4; ++i) expected[i] += options.pseudo_count * 4 * std::exp(nobody[i]);
  query.attributes = &p.table;
  for (std::uint32_t u = 0; u < 800; ++u) {
    query.user = UserId(u);
    const std::vector<float> score = scores(baseline, 4, query);
    for (std::size_t i = 0; i < 4; ++i) expected[i] += std::exp(score[i]);
    for (const ItemId item : p.training.likes[u]) observed[item.value()] += 1;
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(expected[i], observed[i], 1e-3);
}

TEST(AttributeRegression, without_attributes_is_popularity) {
  const People p = people();
  const AttributeRegression baseline(p.training, EntityTable{p.table.ids, {}}, {});
  const std::vector<float> score = scores(baseline, 4, {});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(std::exp(score[i]), 0.25, 1e-4);
}

TEST(AttributeRegression, refuses_an_attribute_that_changed_its_kind) {
  const People p = people();
  const AttributeRegression baseline(p.training, p.table, {});
  EntityTable other = p.table;
  other.columns[1].kind = AttributeKind::category;
  other.columns[1].texts.assign(800, "20");
  BaselineQuery query;
  query.attributes = &other;
  std::vector<float> score(4);
  EXPECT_THROW(baseline.score(query, score), DataError);
}

}  // namespace
}  // namespace coldframe
