#include "framework/simulation/user_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/simulation_options.h"

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
    EXPECT_NEAR(total, expected_reward(*model, utilities), 1e-6) << model->name();

    for (const auto& clicks : all_outcomes(3)) {
      const double exact = model->log_likelihood(utilities, clicks);
      if (exact < -50 || std::accumulate(clicks.begin(), clicks.end(), 0) > 1) {
        if (model->name() == "mnl") continue;
      }
      if (exact < -50) continue;
      std::vector<double> log_weights = {0.25, 0.0};
      const std::vector<std::span<const float>> views(attractions.begin(), attractions.end());
      belief->add_log_likelihood(views, clicks, log_weights);
      EXPECT_NEAR(log_weights[0], exact + 0.25, 1e-5) << model->name();
    }
  }
}

TEST(UserModel, is_made_from_options) {
  SimulationOptions options;
  EXPECT_EQ(make_user_model(options, {})->name(), "mnl");
  options.user_model = "dbn";
  EXPECT_EQ(make_user_model(options, {})->name(), "dbn");
}

}  // namespace
}  // namespace coldframe
