#include "framework/simulation/baseline_policy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/item_knn.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

std::vector<ItemId> items_of(std::initializer_list<std::uint32_t> rows) {
  std::vector<ItemId> items;
  for (const std::uint32_t row : rows) items.emplace_back(row);
  return items;
}

class BaselinePolicyTest : public ::testing::Test {
 protected:
  BaselinePolicyTest() : population_(small_population(6, 2)), catalogue_(small_catalogue(6)) {
    AttributeColumn age{"age", AttributeKind::number, {}, {25, 26, 45, 47}, {}};
    AttributeColumn gender{"gender", AttributeKind::category, {"F", "F", "M", "M"}, {}, {}};
    AttributeColumn city{"city", AttributeKind::category, {"a", "b", "c", "d"}, {}, {}};
    users_ = {{"1", "2", "3", "4"}, {age, gender, city}};
    training_.items = 6;
    for (std::uint32_t u = 0; u < 4; ++u) training_.users.emplace_back(u);
    training_.likes = {items_of({0, 1}), items_of({0, 1}), items_of({2, 3}), items_of({2, 3})};
    profiles_ = pool_attributes(population_.observables, users_);
    for (const ItemId item : items_of({0, 1, 2, 3, 4, 5})) candidates_.push_back(item);
  }

  std::vector<ItemId> ask(const Policy& policy, std::uint32_t profile) const {
    PolicyRequest request;
    request.user = UserKey(1);
    request.profile_row = profile;
    request.profile = &population_.observables.pool[profile];
    request.history = &history_;
    request.candidates = candidates_;
    request.slate_size = 2;
    Slate slate;
    policy.rank({&request, 1}, {&slate, 1});
    std::sort(slate.items.begin(), slate.items.end());
    return slate.items;
  }

  Population population_;
  Catalogue catalogue_;
  EntityTable users_, profiles_;
  TrainingLikes training_;
  std::vector<ItemId> candidates_;
  History history_;
};

TEST_F(BaselinePolicyTest, profiles_become_rows_of_the_kinds_of_the_real_columns) {
  ASSERT_EQ(profiles_.size(), population_.observables.pool.size());
  for (std::size_t p = 0; p < profiles_.size(); ++p) {
    const Attributes& known = population_.observables.pool[p].attributes;
    EXPECT_EQ(profiles_.find("gender")->texts[p], known.values[0]);
    EXPECT_EQ(profiles_.find("age")->numbers[p], std::stod(known.values[1]));
    EXPECT_TRUE(profiles_.find("city")->missing(p));  // the law does not know it
  }
}

TEST_F(BaselinePolicyTest, newcomers_get_what_people_with_their_attributes_like) {
  const BaselinePolicy policy("attribute_popularity", std::make_unique<AttributePopularity>(training_, users_),
                              profiles_, {0, 0, 0, 0, 9, 8}, catalogue_.ties(1));
  int young_women = 0, old_men = 0;
  for (std::uint32_t p = 0; p < profiles_.size(); ++p) {
    const bool woman = profiles_.find("gender")->texts[p] == "F";
    const double age = profiles_.find("age")->numbers[p];
    if (woman && age < 30) {
      EXPECT_EQ(ask(policy, p), items_of({0, 1}));
      ++young_women;
    }
    if (!woman && age > 40) {
      EXPECT_EQ(ask(policy, p), items_of({2, 3}));
      ++old_men;
    }
  }
  EXPECT_GT(young_women, 0);
  EXPECT_GT(old_men, 0);
}

TEST_F(BaselinePolicyTest, collaborative_baselines_fall_back_until_there_is_history) {
  const BaselinePolicy policy("item_knn", std::make_unique<ItemKnn>(training_), profiles_, {0, 0, 0, 0, 9, 8},
                              catalogue_.ties(1));
  EXPECT_EQ(ask(policy, 0), items_of({4, 5}));
  history_.likes = items_of({2});
  EXPECT_EQ(ask(policy, 0)[1], ItemId(3));  // the only neighbour of 2; the other place is a tie
}

}  // namespace
}  // namespace coldframe
