#include "framework/simulation/likes_features.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coldframe {
namespace {

/// Items 0 and 1 are liked by men, 1 and 2 by women; nobody likes 3.
WorldData reference() {
  WorldData data{4, 2, 1, {}};
  for (std::uint64_t u = 0; u < 4; ++u) data.users.push_back({u, 0, 1, {0.5}, {0, 1}});
  for (std::uint64_t u = 4; u < 8; ++u) data.users.push_back({u, 1, 1, {-0.5}, {1, 2}});
  return data;
}

double value(const LikesFeatures& features, const WorldUser& user, const std::string& name) {
  const auto at = std::find(features.names().begin(), features.names().end(), name);
  EXPECT_NE(at, features.names().end()) << name;
  return features.of(user)[static_cast<std::size_t>(at - features.names().begin())];
}

TEST(LikesFeatures, are_what_a_calculation_by_hand_gives) {
  const LikesFeatures features(reference(), {{"drama", "war"}, {{0}, {0, 1}, {1}, {}}});
  const WorldUser user{9, 0, 1, {0.5}, {0, 1, 3}};
  EXPECT_EQ(features.of(user).size(), features.names().size());
  EXPECT_DOUBLE_EQ(value(features, user, "number of likes"), std::log(3.0));
  const double mean = (std::log(4.5) + std::log(8.5) + std::log(0.5)) / 3;  // counts 4, 8, 0 plus a half
  EXPECT_NEAR(value(features, user, "mean popularity"), mean, 1e-12);
  // Of 16 likes item 1 has the first 8 (two quarters), item 0 begins at 1/2, item 2 at 3/4.
  EXPECT_NEAR(value(features, user, "likes in the first quarter"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(value(features, user, "likes in the second quarter"), 0.0, 1e-12);
  EXPECT_NEAR(value(features, user, "likes in the third quarter"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(value(features, user, "drama"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(value(features, user, "war"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(value(features, user, "entropy over tags"), -2.0 / 3 * std::log(2.0 / 3) - 1.0 / 3 * std::log(1.0 / 3),
              1e-12);
  // Pairs: 8 users x 2 ordered ones = 16; 0 and 1 are expected 16 (4/16)(8/16) = 2 times, seen 4; pairs with 3 never.
  EXPECT_NEAR(value(features, user, "what goes together"), (2 * std::log(5.0 / 3.0) + 0.0) / 6, 1e-12);
  // Mean attributes, five likes of nobody added: .5 4 / 9 for item 0, 0 for items 1 and 3.
  EXPECT_NEAR(value(features, user, "likes by attributes"), 0.5 * (2.0 / 9) / 3, 1e-12);
  // Shares of all, one like added to each item: 5/20, 9/20, 1/20. Of the 8 likes of men and 20 by those shares:
  // (4 + 5)/28, (4 + 9)/28, (0 + 1)/28.
  const double lifts = std::log(9.0 / 28 / 0.25) + std::log(13.0 / 28 / 0.45) + std::log(1.0 / 28 / 0.05);
  EXPECT_NEAR(value(features, user, "likes by group"), lifts / 3, 1e-12);
  const WorldUser woman{9, 1, 1, {-0.5}, {0, 1, 3}};
  EXPECT_LT(value(features, woman, "likes by group"), lifts / 3);
  EXPECT_LT(value(features, woman, "likes by attributes"), 0.0);
}

TEST(LikesFeatures, leave_out_what_the_data_do_not_have) {
  WorldData data{4, 1, 0, {}};
  data.users.push_back({1, 0, 1, {}, {0, 1}});
  const LikesFeatures features(data, {{}, {{}, {}, {}, {}}});
  for (const std::string& name : features.names()) EXPECT_EQ(name.find("attributes"), std::string::npos);
  EXPECT_EQ(features.of(data.users[0]).size(), features.names().size());
  const WorldUser nobody{2, 0, 1, {}, {}};
  for (const double feature : features.of(nobody)) EXPECT_EQ(feature, 0.0);
}

TEST(ItemTags, are_the_most_frequent_values_of_columns_with_several) {
  Dataset data;
  data.items.ids = {"a", "b", "c"};
  AttributeColumn genres{"genres", AttributeKind::multi, {}, {}, {{"drama", "war"}, {"drama"}, {"noir"}}};
  AttributeColumn studio{"studio", AttributeKind::category, {"X", "X", ""}, {}, {}};
  data.items.columns = {studio, genres};
  const ItemTags tags = item_tags(data, 2);
  ASSERT_EQ(tags.names, (std::vector<std::string>{"genres drama", "genres noir"}));  // ties by name
  EXPECT_EQ(tags.of_item[0], (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(tags.of_item[2], (std::vector<std::uint32_t>{1}));
  data.items.columns = {studio};
  EXPECT_EQ(item_tags(data).names, (std::vector<std::string>{"studio X"}));
  EXPECT_TRUE(item_tags(data).of_item[2].empty());
}

}  // namespace
}  // namespace coldframe
