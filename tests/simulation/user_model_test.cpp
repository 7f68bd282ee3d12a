#include "framework/simulation/user_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/cascade.h"
#include "framework/simulation/dependent_click.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/iterated_logit.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/position_based.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/user_model_registry.h"

namespace coldframe {
namespace {

std::vector<std::vector<std::uint8_t>> all_outcomes(std::size_t n) {
  std::vector<std::vector<std::uint8_t>> outcomes;
  for (std::size_t bits = 0; bits < (std::size_t{1} << n); ++bits) {
    std::vector<std::uint8_t> clicks(n);
    for (std::size_t k = 0; k < n; ++k) clicks[k] = (bits >> k) & 1;
    outcomes.push_back(clicks);
  }
  return outcomes;
}

std::size_t index_of(const std::vector<std::uint8_t>& clicks) {
  std::size_t bits = 0;
  for (std::size_t k = 0; k < clicks.size(); ++k) bits |= static_cast<std::size_t>(clicks[k]) << k;
  return bits;
}

/// Every law of choice that has to pass the same tests.
std::vector<std::unique_ptr<UserModel>> all_models() {
  std::vector<std::unique_ptr<UserModel>> models;
  models.push_back(std::make_unique<MultinomialLogit>(ChoiceScale{1.0, 0.7}));
  models.push_back(std::make_unique<MultinomialLogit>(ChoiceScale{0.4, -2.0}));
  for (const DynamicBayesianOptions& options :
       {DynamicBayesianOptions{0.9, 0.3, 0.5}, DynamicBayesianOptions{1.0, 0.2, 0.0},
        DynamicBayesianOptions{0.5, 0.0, 1.0}, DynamicBayesianOptions{1.0, 0.0, 1.0},
        DynamicBayesianOptions{0.0, 0.3, 0.5}}) {
    models.push_back(std::make_unique<DynamicBayesian>(ChoiceScale{1.0, 0.5}, options));
  }
  models.push_back(std::make_unique<Cascade>(ChoiceScale{1.0, 0.5}));
  for (const DependentClickOptions& options : {DependentClickOptions{0.6, 0.9}, DependentClickOptions{1.0, 1.0},
                                               DependentClickOptions{0.9, 0.3}, DependentClickOptions{0.0, 1.0}}) {
    models.push_back(std::make_unique<DependentClick>(ChoiceScale{1.0, 0.5}, options));
  }
  for (const double decay : {0.0, 1.0, 2.5})
    models.push_back(std::make_unique<PositionBased>(ChoiceScale{0.8, 0.5}, decay));
  for (const std::size_t picks : {1, 2, 3, 7}) {
    models.push_back(std::make_unique<IteratedLogit>(ChoiceScale{1.0, 0.7}, picks));
  }
  return models;
}

TEST(UserModel, probabilities_of_all_outcomes_sum_to_one_and_give_the_expectation) {
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  for (const auto& model : all_models()) {
    double total = 0;
    std::vector<double> marginal(3, 0.0), expected(3);
    for (const auto& clicks : all_outcomes(3)) {
      const double p = std::exp(model->log_likelihood(utilities, clicks));
      total += p;
      for (std::size_t k = 0; k < 3; ++k) marginal[k] += p * clicks[k];
    }
    EXPECT_NEAR(total, 1.0, 1e-12) << model->name();
    model->expected_clicks(utilities, expected);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(marginal[k], expected[k], 1e-12) << model->name() << " " << k;
    EXPECT_NEAR(click_rate(*model, utilities),
                1.0 - std::exp(model->log_likelihood(utilities, std::vector<std::uint8_t>(3, 0))), 1e-12);
  }
}

TEST(UserModel, reacting_is_expecting_and_sampling_bit_for_bit) {
  const std::vector<double> utilities = {0.8, -0.4, 1.7, 0.1};
  const std::vector<std::uint32_t> slots = {11, 5, 70, 2};
  const SimulationRandom random(3);
  for (const auto& model : all_models()) {
    for (std::uint32_t page = 0; page < 50; ++page) {
      const ShownPage shown{UserKey(9), 0, page, utilities, slots};
      std::vector<std::uint8_t> clicks(4), sampled(4);
      std::vector<double> expected(4), closed_form(4);
      EXPECT_EQ(model->react(random, shown, clicks, expected), expected_reward(*model, utilities)) << model->name();
      model->sample(random, shown, sampled);
      model->expected_clicks(utilities, closed_form);
      EXPECT_EQ(clicks, sampled) << model->name();
      EXPECT_EQ(expected, closed_form) << model->name();
    }
  }
}

/// What a user does with a page according to the numbers that a trace shows.
std::vector<std::uint8_t> clicks_by_draws(const UserModel& model, const ShownPage& page, const PageDraws& draws) {
  std::vector<std::uint8_t> clicks(page.utilities.size(), 0);
  const auto attraction = [](double utility) { return 1.0 / (1.0 + std::exp(0.5 - utility)); };
  if (model.name() == "mnl") {
    const std::vector<double>& gumbel = draws.positions.at(0).values;
    std::size_t best = 0;
    for (std::size_t k = 1; k < clicks.size(); ++k) {
      if (page.utilities[k] + gumbel[k] > page.utilities[best] + gumbel[best]) best = k;
    }
    clicks[best] = draws.page.at(0).value < click_rate(model, page.utilities) ? 1 : 0;
    return clicks;
  }
  for (std::size_t k = 0; k < clicks.size(); ++k) {
    const double a = attraction(page.utilities[k]);
    clicks[k] = draws.positions.at(0).values[k] < a ? 1 : 0;
    if (model.name() == "pbm") {
      clicks[k] &= draws.positions.at(1).values[k] < 1.0 / static_cast<double>(k + 1) ? 1 : 0;
    } else if (model.name() == "cascade") {
      if (clicks[k] != 0) return clicks;
    } else if (model.name() == "dcm") {
      if (clicks[k] != 0 && draws.positions.at(1).values[k] < 1.0 - 0.6 * std::pow(0.9, k)) return clicks;
    } else {
      if (clicks[k] != 0 && draws.positions.at(1).values[k] < 0.3 + 0.5 * a) return clicks;
      if (!(draws.positions.at(2).values[k] < 0.9)) return clicks;
    }
  }
  return clicks;
}

TEST(UserModel, draws_of_a_page_are_those_that_decide_it) {
  const ChoiceScale scale{1.0, 0.5};
  std::vector<std::unique_ptr<UserModel>> models;
  models.push_back(std::make_unique<MultinomialLogit>(scale));
  models.push_back(std::make_unique<PositionBased>(scale, 1.0));
  models.push_back(std::make_unique<Cascade>(scale));
  models.push_back(std::make_unique<DependentClick>(scale, DependentClickOptions{0.6, 0.9}));
  models.push_back(std::make_unique<DynamicBayesian>(scale, DynamicBayesianOptions{0.9, 0.3, 0.5}));
  const std::vector<double> utilities = {0.8, -0.4, 1.7, 0.1};
  const std::vector<std::uint32_t> slots = {11, 5, 70, 2};
  const SimulationRandom random(3);
  for (const auto& model : models) {
    for (std::uint32_t number = 0; number < 100; ++number) {
      const ShownPage page{UserKey(9), 1, number, utilities, slots};
      std::vector<std::uint8_t> clicks(4);
      model->sample(random, page, clicks);
      EXPECT_EQ(clicks_by_draws(*model, page, model->draws(random, page)), clicks) << model->name() << number;
    }
  }
  const PageDraws picks = IteratedLogit(scale, 3).draws(random, {UserKey(9), 1, 2, utilities, slots});
  ASSERT_EQ(picks.page.size(), 3u);
  EXPECT_EQ(picks.page[0].value, random.click(UserKey(9), 1, 2));
  EXPECT_EQ(picks.page[2].value, random.continuation(UserKey(9), 1, 2, 2));
}

TEST(UserModel, sampler_agrees_with_the_likelihood) {
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  const std::vector<std::uint32_t> slots = {900, 5, 77};
  const SimulationRandom random(21);
  constexpr std::uint64_t users = 20000;
  for (const auto& model : all_models()) {
    std::vector<double> counts(8, 0.0);
    std::vector<std::uint8_t> clicks(3);
    for (std::uint64_t user = 0; user < users; ++user) {
      model->sample(random, {UserKey(user), 2, 3, utilities, slots}, clicks);
      counts[index_of(clicks)] += 1;
    }
    double chi_square = 0;
    int cells = 0;
    for (const auto& outcome : all_outcomes(3)) {
      const double expected = users * std::exp(model->log_likelihood(utilities, outcome));
      if (expected < 1e-9) {
        EXPECT_EQ(counts[index_of(outcome)], 0) << model->name() << " drew the impossible";
        continue;
      }
      chi_square += (counts[index_of(outcome)] - expected) * (counts[index_of(outcome)] - expected) / expected;
      ++cells;
    }
    // 99.99 % quantile of chi-square with 7 degrees of freedom.
    EXPECT_LT(chi_square, 29.9) << model->name() << " with " << cells << " cells";
  }
}

TEST(UserModel, probabilities_range_from_near_zero_to_near_one) {
  for (const auto& model : all_models()) {
    EXPECT_LT(click_rate(*model, std::vector<double>{-30.0}), 0.01) << model->name();
    EXPECT_GT(click_rate(*model, std::vector<double>{30.0}), 0.99) << model->name();
  }
}

TEST(MultinomialLogit, worked_example) {
  // Logits 0 and log 2 against no-click 0: weights 1, 2, 1, so 1/4, 1/2 and none 1/4.
  const MultinomialLogit model({1.0, 0.0});
  const std::vector<double> utilities = {0.0, std::log(2.0)};
  std::vector<double> expected(2);
  model.expected_clicks(utilities, expected);
  EXPECT_NEAR(expected[0], 0.25, 1e-15);
  EXPECT_NEAR(expected[1], 0.5, 1e-15);
  EXPECT_NEAR(click_rate(model, utilities), 0.75, 1e-15);
  EXPECT_EQ(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 1}), -std::numeric_limits<double>::infinity());
}

TEST(DynamicBayesian, worked_example) {
  // a = 1/2 twice, s = 1/2, gamma = 1. Position 2 is seen unless satisfied at 1: 1 - 1/4, clicked with 3/8.
  const DynamicBayesian model({1.0, 0.0}, {1.0, 0.5, 0.0});
  const std::vector<double> utilities = {0.0, 0.0};
  std::vector<double> expected(2);
  model.expected_clicks(utilities, expected);
  EXPECT_NEAR(expected[0], 0.5, 1e-15);
  EXPECT_NEAR(expected[1], 0.375, 1e-15);
  // Both: 1/2 * 1/2 (not satisfied) * 1/2.
  EXPECT_NEAR(std::exp(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 1})), 0.125, 1e-15);
}

TEST(DynamicBayesian, refuses_what_is_no_probability) {
  EXPECT_THROW(DynamicBayesian({}, {1.1, 0.3, 0.5}), ConfigError);
  EXPECT_THROW(DynamicBayesian({}, {0.9, 0.6, 0.5}), ConfigError);
  EXPECT_THROW(DynamicBayesian({}, {0.9, -0.1, 0.5}), ConfigError);
}

TEST(UserModel, extreme_utilities_stay_finite) {
  for (const auto& model : all_models()) {
    const std::vector<double> utilities = {800.0, -800.0, 0.0};
    std::vector<double> expected(3);
    model->expected_clicks(utilities, expected);
    for (const double value : expected) EXPECT_TRUE(std::isfinite(value)) << model->name();
    EXPECT_EQ(model->best_slate(utilities, std::vector<std::uint64_t>{1, 2, 3}, 1).order.front(), 0u) << model->name();
  }
}

TEST(UserModel, best_slate_is_the_best_of_all_ordered_slates) {
  const SimulationRandom random(4);
  for (const auto& model : all_models()) {
    for (std::uint64_t trial = 0; trial < 60; ++trial) {
      std::vector<double> utilities(6);
      random.latent_normals(UserKey(trial), utilities);
      for (double& utility : utilities) utility *= 1.5;
      const std::vector<std::uint64_t> ties = {5, 4, 3, 2, 1, 0};
      const BestSlate best = model->best_slate(utilities, ties, 3);
      ASSERT_EQ(best.order.size(), 3u);
      EXPECT_EQ(best.optimality, SlateOptimality::exact);
      const auto reward = [&](std::size_t a, std::size_t b, std::size_t c) {
        return expected_reward(*model, std::vector<double>{utilities[a], utilities[b], utilities[c]});
      };
      double highest = 0;
      for (std::size_t a = 0; a < 6; ++a) {
        for (std::size_t b = 0; b < 6; ++b) {
          for (std::size_t c = 0; c < 6; ++c) {
            if (a != b && b != c && a != c) highest = std::max(highest, reward(a, b, c));
          }
        }
      }
      EXPECT_NEAR(reward(best.order[0], best.order[1], best.order[2]), highest, 1e-12) << model->name();
    }
  }
}

TEST(UserModel, best_slate_breaks_ties_by_key_and_takes_what_there_is) {
  for (const auto& model : all_models()) {
    const std::vector<double> equal(4, 0.3);
    EXPECT_EQ(model->best_slate(equal, std::vector<std::uint64_t>{9, 2, 7, 4}, 2).order,
              (std::vector<std::size_t>{1, 3}))
        << model->name();
    EXPECT_EQ(model->best_slate(equal, std::vector<std::uint64_t>{9, 2, 7, 4}, 9).order.size(), 4u);
    EXPECT_TRUE(model->best_slate({}, {}, 3).order.empty());
  }
}

TEST(PageBelief, gains_add_up_to_the_expected_reward_and_likelihoods_agree) {
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  for (const auto& model : all_models()) {
    const auto belief = model->belief(2);
    std::vector<std::vector<float>> attractions;
    for (const double utility : utilities) {
      std::vector<float> column = {static_cast<float>(utility), static_cast<float>(utility) - 1.0f};
      belief->attractions(column, column);
      attractions.push_back(column);
    }
    const std::vector<float> first_only = {1.0f, 0.0f};
    belief->clear();
    double total = 0, previous = 1e9;
    for (const auto& column : attractions) {
      total += belief->gain(column, first_only);
      belief->append(column);
      const double again = belief->gain(attractions[0], first_only);
      EXPECT_LE(again, previous + 1e-7) << "gains grew";
      previous = again;
    }
    // A sum of floats; the iterated logit is also integrated numerically.
    EXPECT_NEAR(total, expected_reward(*model, utilities), model->name() == "iterated_logit" ? 1e-5 : 1e-6)
        << model->name();

    for (const auto& clicks : all_outcomes(3)) {
      const double exact = model->log_likelihood(utilities, clicks);
      if (exact < -50) continue;  // cannot happen
      std::vector<double> log_weights = {0.25, 0.0};
      const std::vector<std::span<const float>> views(attractions.begin(), attractions.end());
      belief->add_log_likelihood(views, clicks, log_weights);
      EXPECT_NEAR(log_weights[0], exact + 0.25, 1e-5) << model->name();
    }
  }
}

TEST(Cascade, worked_example) {
  // a = 1/2 three times: 1/2, 1/4, 1/8 and none 1/8; never two clicks.
  const Cascade model({1.0, 0.0});
  const std::vector<double> utilities(3, 0.0);
  std::vector<double> expected(3);
  model.expected_clicks(utilities, expected);
  EXPECT_EQ(expected, (std::vector<double>{0.5, 0.25, 0.125}));
  EXPECT_NEAR(click_rate(model, utilities), 0.875, 1e-15);
  EXPECT_EQ(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 0, 1}),
            -std::numeric_limits<double>::infinity());
}

TEST(Cascade, is_a_dependent_click_model_that_never_goes_on_after_a_click) {
  const Cascade cascade({1.0, 0.3});
  const DependentClick never({1.0, 0.3}, {0.0, 1.0});
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  for (const auto& clicks : all_outcomes(3)) {
    EXPECT_EQ(std::exp(cascade.log_likelihood(utilities, clicks)), std::exp(never.log_likelihood(utilities, clicks)));
  }
}

TEST(DependentClick, worked_example) {
  // a = 1/2, lambda = 1/2, 1/4. Position 2 is seen with 1/2 + 1/2 * 1/2 = 3/4, position 3 with 3/4 (1/2 + 1/2 * 1/4).
  const DependentClick model({1.0, 0.0}, {0.5, 0.5});
  const std::vector<double> utilities(3, 0.0);
  std::vector<double> expected(3);
  model.expected_clicks(utilities, expected);
  EXPECT_NEAR(expected[0], 0.5, 1e-15);
  EXPECT_NEAR(expected[1], 0.375, 1e-15);
  EXPECT_NEAR(expected[2], 0.5 * 0.75 * 0.625, 1e-15);
  // Clicks at 1 and 2 only: 1/2 * 1/2 * 1/2 * (3/4 + 1/4 * 1/2).
  EXPECT_NEAR(std::exp(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 1, 0})), 0.125 * 0.875, 1e-15);
  EXPECT_THROW(DependentClick({}, {1.1, 0.5}), ConfigError);
  EXPECT_THROW(DependentClick({}, {0.5, -0.1}), ConfigError);
}

TEST(DependentClick, is_a_dynamic_bayesian_network_of_constant_satisfaction) {
  const DependentClick dependent({1.0, 0.3}, {0.7, 1.0});
  const DynamicBayesian network({1.0, 0.3}, {1.0, 0.3, 0.0});
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  for (const auto& clicks : all_outcomes(3)) {
    EXPECT_NEAR(dependent.log_likelihood(utilities, clicks), network.log_likelihood(utilities, clicks), 1e-12);
  }
}

TEST(PositionBased, worked_example) {
  // a = 1/2, theta = 1, 1/2, 1/3: clicks at 1 and 3 only with 1/2 * 3/4 * 1/6.
  const PositionBased model({1.0, 0.0}, 1.0);
  const std::vector<double> utilities(3, 0.0);
  EXPECT_NEAR(std::exp(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 0, 1})), 0.0625, 1e-15);
  EXPECT_NEAR(expected_reward(model, utilities), 0.5 + 0.25 + 1.0 / 6.0, 1e-15);
  EXPECT_THROW(PositionBased({}, -0.1), ConfigError);
}

TEST(IteratedLogit, worked_example) {
  // Weights 1, 2 and no click 1, two picks. In order (1, 2): 1/4 * 2/3; (2, 1): 2/4 * 1/2; together 5/12.
  const IteratedLogit model({1.0, 0.0}, 2);
  const std::vector<double> utilities = {0.0, std::log(2.0)};
  EXPECT_NEAR(std::exp(model.log_likelihood(utilities, std::vector<std::uint8_t>{1, 1})), 5.0 / 12.0, 1e-15);
  EXPECT_NEAR(std::exp(model.log_likelihood(utilities, std::vector<std::uint8_t>{0, 1})), 0.5 * 0.5, 1e-15);
  // Nothing cuts the picks of two items: each is clicked with w / (1 + w).
  std::vector<double> expected(2);
  model.expected_clicks(utilities, expected);
  EXPECT_NEAR(expected[0], 0.5, 1e-15);
  EXPECT_NEAR(expected[1], 2.0 / 3.0, 1e-15);
  EXPECT_THROW(IteratedLogit({}, 0), ConfigError);
}

TEST(IteratedLogit, of_one_pick_is_the_multinomial_logit_draw_for_draw) {
  const IteratedLogit one({1.3, 0.7}, 1);
  const MultinomialLogit logit({1.3, 0.7});
  const std::vector<double> utilities = {0.8, -0.4, 1.7};
  const std::vector<std::uint32_t> slots = {900, 5, 77};
  const SimulationRandom random(8);
  std::vector<std::uint8_t> a(3), b(3);
  for (std::uint64_t user = 0; user < 500; ++user) {
    one.sample(random, {UserKey(user), 0, 1, utilities, slots}, a);
    logit.sample(random, {UserKey(user), 0, 1, utilities, slots}, b);
    ASSERT_EQ(a, b) << user;
  }
}

TEST(IteratedLogit, belief_integrates_long_pages_closely) {
  const SimulationRandom random(4);
  for (const double no_click : {-6.0, -3.0, 0.0, 3.0, 6.0}) {
    const IteratedLogit model({1.5, no_click}, 3);
    std::vector<double> utilities(10);
    random.latent_normals(UserKey(1), utilities);
    const auto belief = model.belief(1);
    belief->clear();
    double total = 0;
    for (const double utility : utilities) {
      std::vector<float> column = {static_cast<float>(utility)};
      belief->attractions(column, column);
      total += belief->gain(column, std::vector<float>{1.0f});
      belief->append(column);
    }
    const double exact = expected_reward(model, utilities);
    EXPECT_NEAR(total, exact, 1e-5 + 1e-4 * exact) << no_click;
  }
}

TEST(UserModel, is_made_from_options) {
  SimulationOptions options;
  for (const char* name : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    options.user_model = name;
    EXPECT_EQ(make_user_model(options, {})->name(), name);
  }
  options.user_model = "oracle";
  EXPECT_THROW(make_user_model(options, {}), ConfigError);
}

TEST(UserModelRegistry, takes_models_of_others_and_refuses_a_name_twice) {
  UserModelRegistry registry;
  add_builtin_user_models(registry);
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"cascade", "dbn", "dcm", "iterated_logit", "mnl", "pbm"}));
  const auto make = [](const SimulationOptions&, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
    return std::make_unique<PositionBased>(scale, 7.0);
  };
  EXPECT_THROW(registry.add({"mnl", "taken", make}), ConfigError);
  registry.add({"impatient", "hardly looks below the top", make});
  SimulationOptions options;
  options.user_model = "impatient";
  const auto model = make_user_model(options, {1.0, 0.0}, registry);
  std::vector<double> expected(2);
  model->expected_clicks(std::vector<double>{0.0, 0.0}, expected);
  EXPECT_DOUBLE_EQ(expected[1], std::pow(2.0, -7.0) * 0.5);
  EXPECT_THROW(make_user_model(options, {1.0, 0.0}), ConfigError);  // this layer does not know it
}

TEST(SimulationOptions, refuse_iterated_picks_with_too_many_orders) {
  SimulationOptions options;
  options.iterated_picks = 7;  // 10^6 beginnings of pages of 10
  EXPECT_TRUE(options.validate().empty());
  options.user_model = "iterated_logit";
  ASSERT_EQ(options.validate().size(), 1u);
  EXPECT_EQ(options.validate().front().key, "iterated_picks");
}

}  // namespace
}  // namespace coldframe
