#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/baselines/standard_baselines.h"
#include "framework/data/cold_start.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"
#include "framework/evaluation/newcomers.h"
#include "tests/baselines/movielens_100k.h"

namespace coldframe {
namespace {

class BaselineScorer final : public NewcomerScorer {
 public:
  BaselineScorer(const Baseline& baseline, const EntityTable& users, std::size_t items)
      : baseline_(baseline), users_(users), items_(items) {}
  std::size_t minimum_shots() const override { return baseline_.minimum_history(); }
  void score(std::span<const NewcomerQuery> queries, std::span<float> scores) override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      baseline_.score({queries[q].key, queries[q].user, &users_, queries[q].history},
                      scores.subspan(q * items_, items_));
    }
  }

 private:
  const Baseline& baseline_;
  const EntityTable& users_;
  std::size_t items_;
};

/// The standard experiment on MovieLens-100K, five folds pooled, evaluated once for all tests of this file.
class MovielensStudy : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto folder = testing::movielens_100k_folder();
    if (!folder) return;
    dataset_ = std::make_unique<Dataset>(testing::read_movielens_100k(*folder));
    for (int fold = 0; fold < 5; ++fold) evaluate_fold(fold);
    for (const auto& [name, table] : *tables_) {
      for (const ShotRow& row : table.rows) {
        std::printf("%-34s k = %2zu  ndcg@10 %.4f  recall@20 %.4f  coverage@10 %.3f\n", name.c_str(), row.shots,
                    row.mean(0), row.mean(1), row.exposure.coverage());
      }
    }
  }

  static void TearDownTestSuite() {
    dataset_.reset();
    tables_->clear();
  }

  void SetUp() override {
    if (!dataset_) GTEST_SKIP() << "MovieLens-100K is not under COLDFRAME_DEPS_DIR/movielens-100k";
  }

  static void evaluate_fold(int fold) {
    RoleOptions role_options;
    role_options.fold = fold;
    const Roles roles(*dataset_, role_options);
    const Likes likes(*dataset_, {});
    const TrainingLikes training = training_likes(likes, roles.users(Role::train));
    std::vector<std::uint64_t> item_keys;
    for (std::uint32_t i = 0; i < training.items; ++i) item_keys.push_back(dataset_->item_key(ItemId(i)));

    const auto baselines = standard_baselines(training, dataset_->users, item_keys, 17);
    const ColdStartCases cases = make_cold_start_cases(likes, roles.users(Role::held_out));
    std::vector<HeldOutUser> users;
    for (const ColdStartUser& one : cases.users) {
      users.push_back({one.user, dataset_->user_key(one.user), one.support, one.support, one.targets});
    }
    for (const auto& baseline : baselines) {
      BaselineScorer scorer(*baseline, dataset_->users, training.items);
      NewcomerTable table = evaluate_newcomers(users, training.items, TieBreak(17, item_keys), scorer, {});
      table.left_out += cases.left_out;
      const auto [place, first] = tables_->try_emplace(std::string(baseline->name()), table);
      if (!first) place->second.append(table);
    }
  }

  static void expect_row(const std::string& name, std::size_t shots, double ndcg, double recall) {
    const ShotRow* row = tables_->at(name).find(shots);
    ASSERT_NE(row, nullptr) << name << " k = " << shots;
    EXPECT_NEAR(row->mean(0), ndcg, 0.012) << name << " ndcg@10 at k = " << shots;
    EXPECT_NEAR(row->mean(1), recall, 0.010) << name << " recall@20 at k = " << shots;
  }

  static inline std::unique_ptr<Dataset> dataset_;
  static inline const std::unique_ptr<std::map<std::string, NewcomerTable>> tables_ =
      std::make_unique<std::map<std::string, NewcomerTable>>();
};

TEST_F(MovielensStudy, pools_the_876_users_with_eleven_likes) {
  for (const auto& [name, table] : *tables_) {
    EXPECT_EQ(table.users.size(), 876u) << name;
    EXPECT_EQ(table.left_out, 943u - 876u) << name;
  }
}

// Reference rows of the same protocol under another hash of users and ties; the standard error of an NDCG is .009.
TEST_F(MovielensStudy, random_is_near_its_reference) { expect_row("random", 0, 0.030, 0.013); }

TEST_F(MovielensStudy, popularity_is_near_its_reference_and_the_same_at_every_k) {
  for (const std::size_t shots : {0, 1, 3, 5, 10}) {
    expect_row("popularity", shots, 0.324, 0.123);
    EXPECT_EQ(tables_->at("popularity").find(shots)->values, tables_->at("popularity").find(0)->values);
  }
}

TEST_F(MovielensStudy, item_prior_alone_ranks_as_popularity_does) {
  EXPECT_EQ(tables_->at("item prior").find(0)->values, tables_->at("popularity").find(0)->values);
}

TEST_F(MovielensStudy, similar_attributes_are_near_their_reference_and_above_popularity) {
  expect_row("popularity by similar attributes", 0, 0.334, 0.130);
  EXPECT_GT(tables_->at("popularity by similar attributes").find(0)->mean(0),
            tables_->at("popularity").find(0)->mean(0));
}

TEST_F(MovielensStudy, ease_is_near_its_reference_at_every_k) {
  EXPECT_EQ(tables_->at("EASE").find(0), nullptr);
  expect_row("EASE", 1, 0.235, 0.115);
  expect_row("EASE", 3, 0.224, 0.125);
  expect_row("EASE", 5, 0.239, 0.134);
  expect_row("EASE", 10, 0.301, 0.176);
}

TEST_F(MovielensStudy, item_knn_learns_from_every_like_shown) {
  const NewcomerTable& table = tables_->at("item-kNN");
  EXPECT_EQ(table.find(0), nullptr);
  expect_row("item-kNN", 10, 0.373, 0.161);  // numpy prototype, another hash
  EXPECT_GT(table.find(3)->mean(0), table.find(1)->mean(0));
  EXPECT_GT(table.find(10)->mean(0), table.find(3)->mean(0));
}

}  // namespace
}  // namespace coldframe
