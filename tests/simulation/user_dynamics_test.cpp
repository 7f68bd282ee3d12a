#include "framework/simulation/user_dynamics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/session_dynamics.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/taste_dynamics.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// Two dimensions, four items: along the axes, one opposite to the first, one on the diagonal.
std::unique_ptr<TasteModel> plane() {
  SoftmaxParameters p;
  p.items = 4;
  p.groups = 1;
  p.dimension = 2;
  p.attribute_size = 1;
  p.item_bias.assign(4, 0.0);
  p.group_bias.assign(4, 0.0);
  p.item_factors = {2, 0, 0, 1, -1, 0, 3, 3};
  p.attribute_effect = {0, 0};
  return make_softmax_taste(p, 1.0);
}

/// Two topics, two items: lifts (3, 1) / 2 and the reverse.
std::unique_ptr<TasteModel> topics() {
  TopicParameters p;
  p.items = 2;
  p.topics = 2;
  p.attribute_size = 1;
  p.topic_items = {0.75, 0.25, 0.25, 0.75};
  p.item_share = {0.5, 0.5};
  p.mean = {0, 0};
  p.attribute_effect = {0, 0};
  p.spread = {1, 0, 0, 1};
  return make_topic_taste(p, 1.0);
}

ShownSlate page(std::pmr::vector<ItemId> items, std::pmr::vector<std::uint8_t> clicks) {
  return {{}, std::move(items), std::move(clicks)};
}

UserCondition at(const TasteModel& taste, std::vector<double> state) {
  UserCondition condition;
  condition.state = std::move(state);
  condition.taste.resize(taste.item_count());
  taste.utilities(0, condition.state, condition.taste);
  return condition;
}

TEST(TasteDrift, moves_the_state_towards_the_clicked_item) {
  const auto taste = plane();
  UserCondition user = at(*taste, {1.0, -1.0});
  const TasteDrift drift(*taste, 0.25);
  // Item 1 stands for (0, sqrt 2): a quarter of the way from (1, -1).
  drift.after_page({page({ItemId(0), ItemId(1)}, {0, 1})}, user);
  EXPECT_NEAR(user.state[0], 0.75, 1e-15);
  EXPECT_NEAR(user.state[1], -1.0 + 0.25 * (std::sqrt(2.0) + 1.0), 1e-15);
  std::vector<double> expected(4);
  taste->utilities(0, user.state, expected);
  EXPECT_EQ(user.taste, expected);
}

TEST(TasteDrift, falls_geometrically_towards_what_is_always_consumed) {
  const auto taste = plane();
  UserCondition user = at(*taste, {-2.0, 0.5});
  const TasteDrift drift(*taste, 0.1);
  double before = user.taste[3];
  for (int n = 0; n < 20; ++n) {
    drift.after_page({page({ItemId(3)}, {1})}, user);
    EXPECT_GT(user.taste[3], before) << "liked less after consumption";
    before = user.taste[3];
  }
  // Item 3 stands for (1, 1).
  EXPECT_NEAR(user.state[0], 1.0 + std::pow(0.9, 20) * -3.0, 1e-12);
  EXPECT_NEAR(user.state[1], 1.0 + std::pow(0.9, 20) * -0.5, 1e-12);
}

TEST(TasteDrift, without_a_click_nothing_moves) {
  const auto taste = plane();
  UserCondition user = at(*taste, {1.0, -1.0});
  const UserCondition before = user;
  TasteDrift(*taste, 0.5).after_page({page({ItemId(0), ItemId(1)}, {0, 0})}, user);
  EXPECT_EQ(user.state, before.state);
  EXPECT_EQ(user.taste, before.taste);
}

TEST(TasteDrift, moves_topic_shares_towards_the_topics_of_the_item) {
  // Shares (1/2, 1/2), lifts of item 0 are 3/2 and 1/2: it stands for (3/4, 1/4). A fifth of the way: (.55, .45).
  const auto taste = topics();
  UserCondition user = at(*taste, {0.5, 0.5});
  TasteDrift(*taste, 0.2).after_page({page({ItemId(0)}, {1})}, user);
  EXPECT_NEAR(user.state[0], 0.55, 1e-15);
  EXPECT_NEAR(user.state[1], 0.45, 1e-15);
  EXPECT_NEAR(user.taste[0], std::log(0.55 * 1.5 + 0.45 * 0.5), 1e-15);
}

TEST(TasteModel, drift_of_many_draws_is_the_drift_of_each) {
  const auto check = [](const TasteModel& taste) {
    const std::vector<float> normals = {0.3f, -1.2f, 0.8f, 2.0f, 0.1f, -0.4f};  // [2, 3]
    const std::vector<double> x = {0.0};
    TasteDraws draws = taste.place_many(0, x, normals, 3);
    std::vector<std::vector<double>> states(3, std::vector<double>(2));
    for (std::size_t m = 0; m < 3; ++m) {
      const std::vector<double> one = {normals[m], normals[3 + m]};
      taste.place(x, one, states[m]);
      taste.drift(states[m], ItemId(1), 0.3);
      taste.drift(states[m], ItemId(0), 0.3);
    }
    taste.drift_many(draws, ItemId(1), 0.3);
    taste.drift_many(draws, ItemId(0), 0.3);
    std::vector<double> exact(taste.item_count());
    std::vector<float> column(3);
    for (std::size_t m = 0; m < 3; ++m) {
      taste.utilities(0, states[m], exact);
      for (std::uint32_t i = 0; i < taste.item_count(); ++i) {
        taste.item_utilities(draws, ItemId(i), column);
        EXPECT_NEAR(column[m], exact[i], 1e-5) << taste.kind();
      }
    }
  };
  check(*plane());
  check(*topics());
}

TEST(TasteModel, likeness_is_the_cosine_of_kinds) {
  std::vector<double> like(4);
  plane()->likeness(ItemId(0), like);
  EXPECT_THAT(like, ::testing::Pointwise(::testing::DoubleNear(1e-12), {1.0, 0.0, 0.0, std::sqrt(0.5)}));
  // Lifts (3, 1) and (1, 3): 6 / 10.
  std::vector<double> topic_like(2);
  topics()->likeness(ItemId(1), topic_like);
  EXPECT_THAT(topic_like, ::testing::Pointwise(::testing::DoubleNear(1e-12), {0.6, 1.0}));
}

TEST(Satiation, takes_utility_from_items_alike_and_gives_it_back) {
  const auto taste = plane();
  UserCondition user = at(*taste, {0.2, 0.1});
  const std::vector<double> born = user.taste;
  const Satiation satiation(*taste, 2.0, 100.0);
  satiation.pass_time(50, user);
  EXPECT_EQ(user.utilities(), born);
  satiation.after_page({page({ItemId(2), ItemId(0)}, {0, 1})}, user);
  EXPECT_NEAR(user.utilities()[0], born[0] - 2.0, 1e-12);
  EXPECT_EQ(user.utilities()[1], born[1]);
  EXPECT_EQ(user.utilities()[2], born[2]);
  EXPECT_NEAR(user.utilities()[3], born[3] - 2.0 * std::sqrt(0.5), 1e-12);
  satiation.pass_time(100, user);  // half of it, then a quarter
  EXPECT_NEAR(user.utilities()[0], born[0] - 1.0, 1e-12);
  satiation.after_page({page({ItemId(0)}, {1})}, user);
  satiation.pass_time(200, user);
  EXPECT_NEAR(user.utilities()[0], born[0] - (1.0 + 2.0) / 4.0, 1e-12);
  EXPECT_EQ(user.taste, born) << "satiation is no change of taste";
}

TEST(Satisfaction, is_a_running_share_of_pages_with_a_click) {
  UserCondition user;
  user.satisfaction = 0.4;
  const Satisfaction rule({.rate = 0.5, .target = 0.4, .leave = 2.0, .come_back = 3.0, .speed = 1.0});
  rule.after_page({page({ItemId(0), ItemId(1)}, {1, 1})}, user);
  EXPECT_NEAR(user.satisfaction, 0.7, 1e-15);
  rule.after_page({page({ItemId(0)}, {0})}, user);
  EXPECT_NEAR(user.satisfaction, 0.35, 1e-15);
  StepOdds odds;
  rule.weigh(user, odds);
  EXPECT_NEAR(odds.leave_log_odds, 0.1, 1e-15);
  EXPECT_NEAR(odds.return_log_odds, -0.15, 1e-15);
  EXPECT_NEAR(odds.gap_factor, std::exp(0.05), 1e-15);
}

TEST(SessionBudget, ends_a_session_when_the_time_is_spent) {
  SimulationOptions simulation;
  DynamicsOptions options;
  options.session_budget_seconds = 100;
  options.click_bonus_seconds = 30;
  options.click_seconds = 10;
  const auto taste = plane();
  const UserDynamics dynamics(options, simulation, *taste);
  UserCondition user = dynamics.begin(0, {}, {}, 0);
  const ShownSlate none = page({ItemId(0)}, {0}), one = page({ItemId(0)}, {1});
  EXPECT_EQ(dynamics.page_seconds(50, 1), 60);
  dynamics.after_page({one, 60}, user);  // 60 of 130
  EXPECT_FALSE(dynamics.weigh(user).session_ends);
  dynamics.after_page({none, 50}, user);  // 110 of 130
  EXPECT_FALSE(dynamics.weigh(user).session_ends);
  dynamics.after_page({none, 50}, user);
  EXPECT_TRUE(dynamics.weigh(user).session_ends);
  dynamics.begin_session(user);
  EXPECT_FALSE(dynamics.weigh(user).session_ends);
}

TEST(Fatigue, grows_by_the_page_and_ends_with_the_session) {
  SimulationOptions simulation;
  simulation.leave_probability = 0.2;
  DynamicsOptions options;
  options.leave_fatigue = 0.5;
  const auto taste = plane();
  const UserDynamics dynamics(options, simulation, *taste);
  UserCondition user = dynamics.begin(0, {}, {}, 0);
  const ShownSlate none = page({ItemId(0)}, {0});
  dynamics.after_page({none, 1}, user);
  dynamics.after_page({none, 1}, user);
  EXPECT_EQ(dynamics.weigh(user).leave_log_odds, 1.0);
  dynamics.begin_session(user);
  EXPECT_EQ(dynamics.weigh(user).leave_log_odds, 0.0);
}

TEST(ShiftedProbability, adds_to_log_odds) {
  EXPECT_EQ(shifted_probability(0.3, 0.0), 0.3);
  EXPECT_EQ(shifted_probability(0.0, 5.0), 0.0);
  EXPECT_EQ(shifted_probability(1.0, -5.0), 1.0);
  // Odds 1/4 times 4.
  EXPECT_NEAR(shifted_probability(0.2, std::log(4.0)), 0.5, 1e-15);
}

TEST(UserDynamics, holds_the_rules_that_are_on) {
  const auto taste = plane();
  SimulationOptions simulation;
  simulation.leave_probability = 0.1;
  DynamicsOptions options;
  EXPECT_TRUE(UserDynamics(options, simulation, *taste).still());
  EXPECT_TRUE(options.active().empty());
  options.taste_drift = 0.1;
  options.leave_fatigue = 0.2;
  options.leave_satisfaction = 1;
  EXPECT_THAT(UserDynamics(options, simulation, *taste).names(),
              ::testing::ElementsAre("taste_drift", "satisfaction", "fatigue"));
  EXPECT_THAT(options.active(), ::testing::ElementsAre("taste_drift 0.1", "leave_satisfaction 1", "leave_fatigue 0.2"));
}

TEST(UserDynamics, refuses_rules_that_could_never_show) {
  const auto taste = plane();
  const auto refused = [&](double DynamicsOptions::*rate, const SimulationOptions& simulation) {
    DynamicsOptions options;
    options.*rate = 0.5;
    EXPECT_THROW(UserDynamics(options, simulation, *taste), ConfigError);
  };
  SimulationOptions simulation;  // never leaves, always returns, one session
  refused(&DynamicsOptions::leave_satisfaction, simulation);
  refused(&DynamicsOptions::leave_fatigue, simulation);
  refused(&DynamicsOptions::return_satisfaction, simulation);
  refused(&DynamicsOptions::return_speed, simulation);
  simulation.sessions = 3;
  refused(&DynamicsOptions::return_satisfaction, simulation);
  simulation.return_gap_seconds = 0;
  refused(&DynamicsOptions::return_speed, simulation);
  DynamicsOptions options;
  options.satisfaction_rate = 0;
  options.leave_satisfaction = 1;
  options.click_bonus_seconds = 5;
  ASSERT_EQ(options.validate().size(), 2u);
  EXPECT_EQ(options.validate()[0].key, "satisfaction_rate");
  EXPECT_EQ(options.validate()[1].key, "click_bonus_seconds");
}

}  // namespace
}  // namespace coldframe
