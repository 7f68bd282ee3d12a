#include "framework/simulation/topic_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/world.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// Three topics that each prefer a third of the items.
TopicParameters known_topics(std::size_t items) {
  TopicParameters p;
  p.items = items;
  p.topics = 3;
  p.attribute_size = 2;
  p.topic_items.resize(3 * items);
  for (std::size_t t = 0; t < 3; ++t) {
    double total = 0;
    for (std::size_t i = 0; i < items; ++i) {
      total += p.topic_items[t * items + i] = (i % 3 == t ? 10.0 : 1.0) * (1.0 + static_cast<double>(i) / 5.0);
    }
    for (std::size_t i = 0; i < items; ++i) p.topic_items[t * items + i] /= total;
  }
  p.item_share.assign(items, 0.0);
  for (std::size_t at = 0; at < p.topic_items.size(); ++at) p.item_share[at % items] += p.topic_items[at] / 3.0;
  p.mean = {0.0, 0.0, 0.0};
  p.attribute_effect = {1.0, -1.0, -1.0, 1.0, 0.0, 0.0};
  p.spread = {1.2, 0, 0, -0.4, 1.2, 0, -0.2, -0.4, 1.2};
  return p;
}

TEST(TopicFit, objective_never_decreases) {
  const WorldData data = draw_world_data(*make_topic_taste(known_topics(30), 1.0), 100, 25, 1, 2, 4);
  TopicFitOptions options;
  options.topics = 3;
  options.tolerance = 0;
  const TopicFit fit = fit_topics(data, options);
  ASSERT_GT(fit.objective.size(), 20u);
  for (std::size_t k = 1; k < fit.objective.size(); ++k) {
    EXPECT_GE(fit.objective[k], fit.objective[k - 1] - 1e-9 * std::abs(fit.objective[k]));
  }
}

TEST(TopicFit, recovers_known_topics_up_to_their_order) {
  const TopicParameters truth = known_topics(30);
  const WorldData data = draw_world_data(*make_topic_taste(truth, 1.0), 600, 40, 1, 2, 4);
  TopicFitOptions options;
  options.topics = 3;
  options.item_prior = 1;
  options.share_prior = 1;
  options.effect_ridge = 1;
  options.iterations = 400;
  const TopicParameters fitted = fit_topics(data, options).parameters;
  std::vector<std::size_t> order = {0, 1, 2};
  double best = 1e9;
  do {
    double distance = 0;
    for (std::size_t t = 0; t < 3; ++t) {
      for (std::size_t i = 0; i < 30; ++i) {
        distance += std::abs(fitted.topic_items[order[t] * 30 + i] - truth.topic_items[t * 30 + i]);
      }
    }
    best = std::min(best, distance / 6.0);  // mean total variation distance
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_LT(best, 0.2);  // popularity itself is .45 away from each topic

  const WorldData fresh = draw_world_data(*make_topic_taste(truth, 1.0), 100, 40, 1, 2, 5);
  const double of_truth = held_out_log_likelihood(*make_topic_taste(truth, 1.0), fresh, 1000, 1);
  const double of_fit = held_out_log_likelihood(*make_topic_taste(fitted, 1.0), fresh, 1000, 1);
  EXPECT_GT(of_fit, of_truth - 0.02);
  EXPECT_GT(of_fit, unigram_log_likelihood(data, fresh, 0.1) + 0.05);
}

TEST(TopicTaste, shares_and_probabilities_sum_to_one_at_every_lambda) {
  for (const double lambda : {0.0, 0.5, 1.0}) {
    const auto taste = make_topic_taste(known_topics(30), lambda);
    std::vector<double> state(3), utilities(30);
    taste->place(std::vector<double>{0.5, -0.5}, std::vector<double>{1.0, -0.3, 2.0}, state);
    EXPECT_NEAR(state[0] + state[1] + state[2], 1.0, 1e-12);
    taste->utilities(0, state, utilities);
    double total = 0;
    for (const double utility : utilities) total += std::exp(utility) / 30.0;
    EXPECT_NEAR(total, 1.0, 1e-12);
  }
}

TEST(TopicTaste, lambda_zero_takes_popularity_out) {
  // Topics of equal size: without popularity a user without preference finds all items of a topic alike.
  const auto taste = make_topic_taste(known_topics(30), 0.0);
  std::vector<double> utilities(30);
  taste->utilities(0, std::vector<double>{1.0 / 3, 1.0 / 3, 1.0 / 3}, utilities);
  for (const double utility : utilities) EXPECT_NEAR(utility, 0.0, 0.1);
}

TEST(TopicTaste, many_draws_at_once_agree_with_one_at_a_time) {
  const auto taste = make_topic_taste(known_topics(30), 0.5);
  const std::vector<double> x = {0.5, -0.5};
  constexpr std::size_t draws = 40;
  std::vector<float> normals(3 * draws);
  for (std::size_t k = 0; k < normals.size(); ++k)
    normals[k] = static_cast<float>(std::sin(0.7 * static_cast<double>(k)));
  const TasteDraws many = taste->place_many(0, x, normals, draws);
  std::vector<float> column(draws);
  std::vector<double> state(3), utilities(30);
  for (const std::size_t m : {std::size_t{0}, std::size_t{39}}) {
    taste->place(x, std::vector<double>{normals[m], normals[draws + m], normals[2 * draws + m]}, state);
    taste->utilities(0, state, utilities);
    for (std::uint32_t i = 0; i < 30; i += 7) {
      taste->item_utilities(many, ItemId(i), column);
      EXPECT_NEAR(column[m], utilities[i], 1e-5);
    }
  }
}

TEST(TopicFit, refuses_data_it_cannot_fit) { EXPECT_THROW(fit_topics({10, 1, 0, {}}, {}), DataError); }

}  // namespace
}  // namespace coldframe
