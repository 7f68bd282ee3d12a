#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"
#include "framework/core/error.h"
#include "framework/core/json.h"

namespace coldframe {
namespace {

std::vector<ItemId> items_of(std::initializer_list<std::uint32_t> rows) {
  std::vector<ItemId> items;
  for (const std::uint32_t row : rows) items.emplace_back(row);
  return items;
}

TrainingLikes likes_of(std::size_t items, const std::vector<std::vector<ItemId>>& lists) {
  TrainingLikes training{items, {}, lists};
  for (std::uint32_t u = 0; u < lists.size(); ++u) training.users.emplace_back(u);
  return training;
}

std::vector<float> scores(const Baseline& baseline, std::size_t items, BaselineQuery query = {}) {
  std::vector<float> values(items, std::numeric_limits<float>::quiet_NaN());
  baseline.score(query, values);
  return values;
}

void expect_near(const std::vector<float>& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << "item " << i;
}

/// tests/golden/baselines.json, made by tests/golden/make_evaluation_goldens.py.
class BaselineGolden : public ::testing::Test {
 protected:
  BaselineGolden() {
    const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
    const std::filesystem::path root = source == nullptr ? std::filesystem::current_path() : source;
    golden_ = read_json(root / "tests" / "golden" / "baselines.json");
    std::vector<std::vector<ItemId>> lists;
    for (const auto& list : golden_["likes"]) lists.push_back(items(list));
    training_ = likes_of(golden_["items"].get<std::size_t>(), lists);
    history_ = items(golden_["history"]);
    query_.history = history_;
  }

  static std::vector<ItemId> items(const nlohmann::json& rows) {
    std::vector<ItemId> list;
    for (const auto& row : rows) list.emplace_back(row.get<std::uint32_t>());
    return list;
  }

  nlohmann::json golden_;
  TrainingLikes training_;
  std::vector<ItemId> history_;
  BaselineQuery query_;
};

TEST_F(BaselineGolden, ease_agrees_with_numpy) {
  const Ease ease(training_, {golden_["ease_ridge"], golden_["ease_popularity"]});
  expect_near(scores(ease, training_.items, query_), golden_["ease"], 1e-6);
}

TEST_F(BaselineGolden, item_knn_with_all_neighbours_agrees_with_numpy) {
  const ItemKnn knn(training_, {training_.items, golden_["knn_shrinkage"]});
  expect_near(scores(knn, training_.items, query_), golden_["knn"], 1e-6);
}

TEST_F(BaselineGolden, log_prior_agrees_with_numpy) {
  expect_near(item_log_prior(training_), golden_["log_prior"], 1e-6);
}

TEST_F(BaselineGolden, attribute_popularity_agrees_with_numpy) {
  EntityTable people;
  people.columns = {{"age", AttributeKind::number, {}, golden_["age"], {}},
                    {"colour", AttributeKind::category, golden_["colour"], {}, {}},
                    {"diary", AttributeKind::text, std::vector<std::string>(30, "never compared"), {}, {}}};
  EntityTable stranger;
  stranger.columns = {{"colour", AttributeKind::category, {golden_["asked"]["colour"]}, {}, {}},
                      {"age", AttributeKind::number, {}, {golden_["asked"]["age"]}, {}}};
  const AttributePopularity baseline(training_, people);
  query_.attributes = &stranger;
  query_.user = UserId(0);
  expect_near(scores(baseline, training_.items, query_), golden_["attribute_popularity"], 1e-6);
}

TEST(Popularity, counts_training_users) {
  const TrainingLikes training = likes_of(4, {items_of({0, 1}), items_of({1}), {}});
  EXPECT_EQ(scores(PopularityBaseline(training), 4), (std::vector<float>{1, 2, 0, 0}));
  // log((n + 1) / (3 + 4))
  expect_near(scores(ItemPriorBaseline(training), 4),
              {std::log(2 / 7.0), std::log(3 / 7.0), std::log(1 / 7.0), std::log(1 / 7.0)}, 1e-6);
}

TEST(RandomScores, follow_user_and_item_key_and_nothing_else) {
  const RandomBaseline forward(1, {10, 20, 30});
  const RandomBaseline backward(1, {30, 20, 10});
  auto a = scores(forward, 3, {UserKey(5), {}, nullptr, {}});
  const auto history = items_of({1});
  EXPECT_EQ(a, scores(forward, 3, {UserKey(5), {}, nullptr, history}));
  EXPECT_NE(a, scores(forward, 3, {UserKey(6), {}, nullptr, {}}));
  std::reverse(a.begin(), a.end());
  EXPECT_EQ(a, scores(backward, 3, {UserKey(5), {}, nullptr, {}}));
}

TEST(ItemKnn, small_case_by_hand) {
  // Together: (0,1) twice, (1,2) once. n = 2, 3, 1. s01 = 2 / (sqrt 6 + 1), s12 = 1 / (sqrt 3 + 1).
  const TrainingLikes training = likes_of(4, {items_of({0, 1}), items_of({0, 1}), items_of({1, 2})});
  const ItemKnn knn(training, {10, 1.0});
  const auto history = items_of({1});
  const double s01 = 2 / (std::sqrt(6.0) + 1), s12 = 1 / (std::sqrt(3.0) + 1);
  expect_near(scores(knn, 4, {{}, {}, nullptr, history}), {s01, 0, s12, 0}, 1e-7);
  const ItemKnn nearest(training, {1, 1.0});
  expect_near(scores(nearest, 4, {{}, {}, nullptr, history}), {s01, 0, 0, 0}, 1e-7);
  EXPECT_EQ(knn.minimum_history(), 1u);
}

TEST(Ease, has_no_weight_on_itself_and_none_between_strangers) {
  const TrainingLikes training = likes_of(4, {items_of({0, 1}), items_of({2, 3})});
  const Ease ease(training, {1.0, 0.0});
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(ease.weight(ItemId(i), ItemId(i)), 0.0f);
  // G + I = [[2, 1], [1, 2]]: P = [[2, -1], [-1, 2]] / 3, B_01 = 1/2.
  EXPECT_NEAR(ease.weight(ItemId(0), ItemId(1)), 0.5f, 1e-7f);
  EXPECT_EQ(ease.weight(ItemId(0), ItemId(2)), 0.0f);
}

TEST(AttributePopularity, prefers_what_similar_people_like) {
  EntityTable people;
  people.columns = {{"age", AttributeKind::number, {}, {20, 22, 60, std::nan("")}, {}},
                    {"tags", AttributeKind::multi, {}, {}, {{"a", "b"}, {"b"}, {"c"}, {}}}};
  const TrainingLikes training = likes_of(2, {items_of({0}), items_of({0}), items_of({1}), items_of({1})});
  const AttributePopularity baseline(training, people);
  const auto young = scores(baseline, 2, {{}, UserId(0), &people, {}});
  const auto old = scores(baseline, 2, {{}, UserId(2), &people, {}});
  EXPECT_GT(young[0], young[1]);
  EXPECT_LT(old[0], old[1]);
  EXPECT_EQ(scores(baseline, 2), (std::vector<float>{0.5f, 0.5f})) << "without attributes it is popularity";
  const auto unknown = scores(baseline, 2, {{}, UserId(3), &people, {}});
  EXPECT_TRUE(std::isfinite(unknown[0]) && std::isfinite(unknown[1])) << "missing values";
}

TEST(AttributePopularity, a_person_unlike_all_others_gets_a_finite_score) {
  EntityTable people, alien;
  people.columns = {{"age", AttributeKind::number, {}, {20, 22}, {}}};
  alien.columns = {{"age", AttributeKind::number, {}, {1e9}, {}}};
  const AttributePopularity baseline(likes_of(2, {items_of({0}), items_of({0})}), people);
  EXPECT_NEAR(scores(baseline, 2, {{}, UserId(0), &alien, {}})[0], 1.0f, 1e-6f);
  alien.columns[0] = {"age", AttributeKind::category, {"old"}, {}, {}};
  EXPECT_THROW(scores(baseline, 2, {{}, UserId(0), &alien, {}}), DataError);
}

TEST(Baselines, work_without_any_training_user) {
  const TrainingLikes nothing = likes_of(3, {});
  const auto history = items_of({1});
  EXPECT_EQ(scores(PopularityBaseline(nothing), 3), (std::vector<float>(3, 0.0f)));
  EXPECT_EQ(scores(Ease(nothing), 3, {{}, {}, nullptr, history}), (std::vector<float>(3, 0.0f)));
  EXPECT_EQ(scores(ItemKnn(nothing), 3, {{}, {}, nullptr, history}), (std::vector<float>(3, 0.0f)));
  EXPECT_EQ(scores(AttributePopularity(nothing, {}), 3), (std::vector<float>(3, 0.0f)));
}

TEST(Baselines, refuse_inconsistent_likes_and_impossible_options) {
  EXPECT_THROW(PopularityBaseline(likes_of(2, {items_of({0, 2})})), DataError);
  EXPECT_THROW(ItemKnn(likes_of(2, {items_of({0, 0})})), DataError);
  TrainingLikes unmatched = likes_of(2, {items_of({0})});
  unmatched.users.clear();
  EXPECT_THROW(Ease{unmatched}, DataError);
  const TrainingLikes training = likes_of(2, {items_of({0})});
  EXPECT_THROW(Ease(training, {0.0, 0.1}), ConfigError);
  EXPECT_THROW(Ease(training, {1.0, 0.1, 1}), ConfigError);
  EXPECT_THROW(ItemKnn(training, {0, 1.0}), ConfigError);
  EntityTable people;
  people.columns = {{"age", AttributeKind::number, {}, {20}, {}}};
  EXPECT_THROW(AttributePopularity(training, people, {0.0, 0.5, 0.1}), ConfigError);
}

}  // namespace
}  // namespace coldframe
