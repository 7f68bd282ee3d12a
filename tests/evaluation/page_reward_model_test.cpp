#include "framework/evaluation/page_reward_model.h"

#include <gtest/gtest.h>

#include "goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

TEST(PageRewardModel, divides_clicks_by_looks) {
  // Two positions; item 0 four times on top with 2 clicks, item 1 four times below with 1 click. Mean 3/8; position
  // factors (1/2)/(3/8) = 4/3 and (1/4)/(3/8) = 2/3. Without pseudo-impressions c_0 = 2/(4 * 4/3) = 3/8 = c_1.
  PageRewardModel model(3, 0.0);
  for (int page = 0; page < 4; ++page) {
    const double rewards[] = {page < 2 ? 1.0 : 0.0, page == 3 ? 1.0 : 0.0};
    model.add(items_of({0, 1}), rewards);
  }
  model.finish();
  EXPECT_NEAR(model.predict(items_of({0})), 0.5, 1e-15);
  EXPECT_NEAR(model.predict(items_of({0, 1})), 0.75, 1e-15);
  EXPECT_NEAR(model.predict(items_of({1, 0})), 0.75, 1e-15);
}

TEST(PageRewardModel, draws_rare_items_to_the_mean) {
  PageRewardModel model(2, 10.0);
  const double click[] = {1.0}, none[] = {0.0};
  for (int page = 0; page < 9; ++page) model.add(items_of({0}), none);
  model.add(items_of({1}), click);
  model.finish();
  // Mean 1/10: (0 + 10 / 10) / 19 and (1 + 10 / 10) / 11.
  EXPECT_NEAR(model.predict(items_of({0})), 1.0 / 19, 1e-15);
  EXPECT_NEAR(model.predict(items_of({1})), 2.0 / 11, 1e-15);
}

TEST(CrossFittedRewardModel, predicts_nobody_from_their_own_pages) {
  const double click[] = {1.0}, none[] = {0.0};
  CrossFittedRewardModel model(1, 2);
  for (std::uint64_t user = 0; user < 40; ++user) model.add(UserKey(user), items_of({0}), user == 7 ? click : none);
  model.finish();
  EXPECT_EQ(model.predict(UserKey(7), items_of({0})), 0.0);  // without the only click there is
  double others = 0;
  for (std::uint64_t user = 0; user < 40; ++user) others += model.predict(UserKey(user), items_of({0})) > 0 ? 1 : 0;
  EXPECT_GT(others, 8);  // those of the other fold
  EXPECT_LT(others, 32);
}

TEST(PageRewardModel, knows_nothing_without_pages) {
  PageRewardModel model(2);
  model.finish();
  EXPECT_EQ(model.predict(items_of({0, 1})), 0.0);
}

}  // namespace
}  // namespace coldframe
