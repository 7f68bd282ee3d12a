#include "framework/evaluation/item_fairness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

PositionExposure worked_example() {  // item 0 twice first and once second, item 1 once first, item 2 once second
  PositionExposure exposure(4, {1.0, 0.5});
  exposure.add_slate(items_of({0, 2}));
  exposure.add_slate(items_of({0, 3, 1}));  // the third place is behind the law of attention
  exposure.add_slate(items_of({1, 0}));
  return exposure;
}

TEST(PositionExposure, weighs_places_by_the_law_of_attention) {
  EXPECT_EQ(worked_example().all(), (std::vector<double>{2.5, 1.0, 0.5, 0.5}));
  const std::vector<double> attention = logarithmic_attention(3);
  EXPECT_DOUBLE_EQ(attention[0], 1.0);
  EXPECT_DOUBLE_EQ(attention[2], 0.5);
}

TEST(PositionExposure, shards_merge_to_the_whole_and_strangers_are_refused) {
  PositionExposure first(4, {1.0, 0.5}), second(4, {1.0, 0.5});
  first.add_slate(items_of({0, 2}));
  second.add_slate(items_of({1, 0}));
  second.add_slate(items_of({0, 3}));
  first.merge(second);
  EXPECT_EQ(first.all(), worked_example().all());
  EXPECT_THROW(first.merge(PositionExposure(4, {1.0})), DataError);
  EXPECT_THROW(first.add_slate(items_of({0, 4})), DataError);
  EXPECT_EQ(first.all(), worked_example().all()) << "a refused slate must not be counted in part";
}

TEST(ItemFairness, treatment_attention_and_cold_exposure_of_a_case_worked_by_hand) {
  const std::vector<double> exposure = {2.5, 1.0, 0.5, 0.5}, merit = {5, 5, 10, 0};
  // G = {0}: 2.5 / 5 = .5; H = {1, 2}: means .75 and 7.5: .1.
  EXPECT_DOUBLE_EQ(*disparate_treatment(exposure, merit, items_of({0}), items_of({1, 2})), 5.0);
  // Shares .5556 .2222 .1111 .1111 against .25 .25 .5 0: .3056 + .0278 + .3889 + .1111.
  EXPECT_NEAR(*inequity_of_attention(exposure, merit), 30.0 / 36.0, 1e-12);
  // Cold = {2}: .1111 of exposure, half of the merit.
  EXPECT_NEAR(*exposure_over_merit(exposure, merit, items_of({2})), (1.0 / 9.0) / 0.5, 1e-15);
  EXPECT_DOUBLE_EQ(attention_weighted_fairness(std::vector<double>{0.7, 0.3}, std::vector<double>{0.5, 0.5}), 0.8);
  EXPECT_FALSE(exposure_over_merit(exposure, merit, items_of({3})));
  EXPECT_FALSE(disparate_treatment(exposure, merit, items_of({3}), items_of({0})));
  EXPECT_FALSE(inequity_of_attention(exposure, std::vector<double>(4, 0.0)));
  EXPECT_THROW(inequity_of_attention(exposure, std::vector<double>(3, 1.0)), DataError);
}

TEST(UsersUntilImpression, is_the_mean_over_all_orders_of_arrival) {
  // 2 of 4 lists show the item. Positions of the second one over the 6 arrangements: 2, 3, 3, 4, 4, 4: mean 10/3.
  EXPECT_DOUBLE_EQ(*users_until_impression(2, 4, 2), 10.0 / 3.0);
  EXPECT_DOUBLE_EQ(*users_until_impression(2, 4, 1), 5.0 / 3.0);  // 1, 1, 1, 2, 2, 3
  EXPECT_FALSE(users_until_impression(2, 4, 3)) << "censored";
  EXPECT_THROW(users_until_impression(5, 4, 1), DataError);
}

}  // namespace
}  // namespace coldframe
