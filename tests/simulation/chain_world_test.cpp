#include "framework/simulation/chain_world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/simulation/detail/chain_objective.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/world.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// Item a leads to a + 1 and a + 2 on a ring, with strengths 3 and 1.5; popularity rises with the number.
ChainParameters known_chain(std::uint32_t items, std::size_t length) {
  ChainParameters p;
  p.items = items;
  p.groups = 2;
  p.attribute_size = 2;
  p.length = length;
  p.link_begin = {0};
  for (std::uint32_t a = 0; a < items; ++a) {
    p.item_bias.push_back(0.05 * a);
    std::map<std::uint32_t, double> links = {{(a + 1) % items, 3.0}, {(a + 2) % items, 1.5}};
    for (const auto& [item, strength] : links) {
      p.link_item.push_back(item);
      p.link_strength.push_back(strength);
    }
    p.link_begin.push_back(p.link_item.size());
  }
  p.group_bias.resize(2 * items);
  p.attribute_effect.resize(2 * items);
  for (std::uint32_t i = 0; i < items; ++i) {
    p.group_bias[i] = 0.3 * std::sin(i);
    p.group_bias[items + i] = -p.group_bias[i];
    p.attribute_effect[i] = std::cos(i);
    p.attribute_effect[items + i] = -0.5 * std::cos(2.0 * i);
  }
  return p;
}

/// Exact law of one step by exponentials over all items.
std::vector<double> step_law(const ChainParameters& p, const std::vector<double>& x,
                             const std::vector<std::uint32_t>& anchors) {
  std::vector<double> law(p.items);
  double total = 0;
  for (std::size_t i = 0; i < p.items; ++i) {
    double logit = p.item_bias[i];
    for (std::size_t k = 0; k < x.size(); ++k) logit += x[k] * p.attribute_effect[k * p.items + i];
    bool taken = false;
    for (const std::uint32_t a : anchors) {
      taken = taken || a == i;
      for (std::size_t e = p.link_begin[a]; e < p.link_begin[a + 1]; ++e) {
        if (p.link_item[e] == i) logit += p.link_strength[e];
      }
    }
    total += law[i] = taken ? 0.0 : std::exp(logit);
  }
  for (double& share : law) share /= total;
  return law;
}

TEST(ChainTaste, anchors_follow_the_law_of_the_chain) {
  const ChainParameters p = known_chain(8, 2);
  const auto taste = make_chain_taste(p, 1.0);
  const std::vector<double> x = {0.5, -0.5};
  const SimulationRandom random(7);
  std::vector<double> normals(taste->latent_size()), state(taste->latent_size());
  constexpr int users = 40000;
  std::vector<double> counts(64, 0.0);
  for (std::uint64_t u = 0; u < users; ++u) {
    random.latent_normals(UserKey(u), normals);
    taste->place(x, normals, state);
    counts[static_cast<std::size_t>(state[0]) * 8 + static_cast<std::size_t>(state[1])] += 1;
  }
  const std::vector<double> first = step_law(p, x, {});
  double chi_square = 0;
  for (std::uint32_t a = 0; a < 8; ++a) {
    const std::vector<double> second = step_law(p, x, {a});
    EXPECT_EQ(counts[a * 8 + a], 0);
    for (std::uint32_t b = 0; b < 8; ++b) {
      const double expected = users * first[a] * second[b];
      if (b != a) chi_square += (counts[a * 8 + b] - expected) * (counts[a * 8 + b] - expected) / expected;
    }
  }
  EXPECT_LT(chi_square, 93.2);  // 55 degrees of freedom, p = .001
}

TEST(ChainTaste, utilities_are_the_normalised_sum_of_bias_and_links_at_every_lambda) {
  const ChainParameters p = known_chain(30, 2);
  for (const double lambda : {0.0, 0.5, 1.0}) {
    const auto taste = make_chain_taste(p, lambda);
    std::vector<double> state(taste->latent_size(), 0.0), utilities(30);
    state[0] = 4;
    state[1] = 5;
    state[5] = state[6] = 1;  // five slots, then their weights
    taste->utilities(1, state, utilities);
    double total = 0;
    for (const double utility : utilities) total += std::exp(utility) / 30.0;
    EXPECT_NEAR(total, 1.0, 1e-12);
    // 6 is one step from 5 and two from 4: 3 + 1.5; 20 is linked to neither.
    const double expected = lambda * 0.05 * (6 - 20) - 0.3 * (std::sin(6) - std::sin(20)) + 4.5;
    EXPECT_NEAR(utilities[6] - utilities[20], expected, 1e-12);
  }
}

TEST(ChainTaste, many_draws_at_once_agree_with_one_at_a_time_also_after_drift) {
  const auto taste = make_chain_taste(known_chain(30, 3), 0.5);
  const std::size_t size = taste->latent_size();
  const std::vector<double> x = {0.5, -0.5};
  constexpr std::size_t draws = 40;
  std::vector<float> normals(size * draws);
  for (std::size_t k = 0; k < normals.size(); ++k) {
    normals[k] = static_cast<float>(2 * std::sin(0.7 * static_cast<double>(k)));
  }
  TasteDraws many = taste->place_many(1, x, normals, draws);
  std::vector<float> column(draws);
  std::vector<double> state(size), utilities(30), own(size);
  for (const bool drifted : {false, true}) {
    for (const std::uint32_t item : {3u, 17u, 3u, 9u, 21u, 25u}) {
      if (drifted) taste->drift_many(many, ItemId(item), 0.3);
    }
    for (const std::size_t m : {std::size_t{0}, std::size_t{17}, std::size_t{39}}) {
      for (std::size_t l = 0; l < size; ++l) own[l] = normals[l * draws + m];
      taste->place(x, own, state);
      for (const std::uint32_t item : {3u, 17u, 3u, 9u, 21u, 25u}) {
        if (drifted) taste->drift(state, ItemId(item), 0.3);
      }
      taste->utilities(1, state, utilities);
      for (std::uint32_t i = 0; i < 30; ++i) {
        taste->item_utilities(many, ItemId(i), column);
        EXPECT_NEAR(column[m], utilities[i], 2e-5);
      }
    }
  }
}

TEST(ChainTaste, drift_moves_weight_to_what_was_clicked_and_keeps_the_total) {
  const auto taste = make_chain_taste(known_chain(30, 2), 1.0);
  std::vector<double> state(taste->latent_size(), 0.0);
  state[0] = 4;
  state[1] = 5;
  state[5] = state[6] = 1;
  for (int n = 1; n <= 3; ++n) {
    taste->drift(state, ItemId(20), 0.25);
    EXPECT_NEAR(state[5], std::pow(0.75, n), 1e-12);
    EXPECT_EQ(state[2], 20);
    EXPECT_NEAR(state[7], 2 * (1 - std::pow(0.75, n)), 1e-12);
  }
  for (const std::uint32_t item : {1u, 2u, 3u, 7u, 8u}) taste->drift(state, ItemId(item), 0.25);
  double total = 0;
  for (std::size_t s = 5; s < 10; ++s) total += state[s];
  EXPECT_NEAR(total, 2.0, 1e-12);
}

TEST(ChainTaste, likeness_is_one_for_itself_and_grows_with_the_link) {
  const auto taste = make_chain_taste(known_chain(30, 2), 1.0);
  std::vector<double> likeness(30);
  taste->likeness(ItemId(10), likeness);
  EXPECT_EQ(likeness[10], 1.0);
  EXPECT_NEAR(likeness[11], 1 - std::exp(-1.5), 1e-12);
  EXPECT_NEAR(likeness[9], likeness[11], 1e-12);
  EXPECT_NEAR(likeness[12], 1 - std::exp(-0.75), 1e-12);
  EXPECT_EQ(likeness[20], 0.0);
}

/// Users whose likes are a walk: the law that splits without anchors and with one describe exactly.
WorldData walks(const ChainParameters& p, std::size_t users, std::uint64_t seed) {
  WorldData data{p.items, 2, 2, {}};
  const KeyedRandom random(seed, Purpose::data_order);
  for (std::size_t u = 0; u < users; ++u) {
    WorldUser user;
    user.key = u;
    user.group = static_cast<std::uint32_t>(u % 2);
    user.x = {u % 4 < 2 ? 0.5 : -0.5, u % 2 == 0 ? 0.5 : -0.5};
    for (std::uint32_t k = 0; k < 2; ++k) {
      const std::vector<double> law = step_law(p, user.x, user.likes);
      double left = random.uniform(UserKey(u), 0, 0, k);
      std::uint32_t item = 0;
      while (item + 1 < p.items && left >= law[item]) left -= law[item++];
      user.likes.push_back(item);
    }
    data.users.push_back(std::move(user));
  }
  return data;
}

TEST(ChainFit, objective_has_the_gradient_of_finite_differences) {
  const ChainParameters shape = known_chain(9, 2);
  WorldData data = draw_world_data(*make_chain_taste(shape, 1.0), 12, 6, 2, 2, 4);
  data.users[3].weight = 2;
  ChainFitOptions options;
  options.length = 2;
  const detail::ChainObjective objective(data, options, shape);
  std::vector<double> flat = detail::to_flat(shape);
  std::vector<double> gradient(flat.size()), unused(flat.size());
  objective(flat, gradient);
  for (std::size_t k = 0; k < flat.size(); ++k) {
    const double at = flat[k];
    flat[k] = at + 1e-5;
    const double above = objective(flat, unused);
    flat[k] = at - 1e-5;
    const double below = objective(flat, unused);
    flat[k] = at;
    EXPECT_NEAR(gradient[k], (above - below) / 2e-5, 1e-4 * (1 + std::abs(gradient[k]))) << "parameter " << k;
  }
}

/// On a symmetric ring without popularity a walk is as likely backwards, so order-agnostic splits lose nothing: the
/// strength is known, and the fit has to find it.
TEST(ChainFit, recovers_the_links_of_a_symmetric_ring) {
  constexpr std::uint32_t items = 20;
  ChainParameters truth;
  truth.items = items;
  truth.groups = 2;
  truth.attribute_size = 2;
  truth.length = 1;
  truth.item_bias.assign(items, 0.0);
  truth.group_bias.assign(2 * items, 0.0);
  truth.attribute_effect.assign(2 * items, 0.0);
  truth.link_begin = {0};
  for (std::uint32_t a = 0; a < items; ++a) {
    std::map<std::uint32_t, double> links = {{(a + 1) % items, 2.0}, {(a + items - 1) % items, 2.0}};
    for (const auto& [item, strength] : links) {
      truth.link_item.push_back(item);
      truth.link_strength.push_back(strength);
    }
    truth.link_begin.push_back(truth.link_item.size());
  }
  const WorldData data = walks(truth, 20000, 3);
  ChainFitOptions options;
  options.length = 1;
  options.neighbours = 2;
  options.link_ridge = 1e-3;
  options.tolerance = 1e-7;
  options.iterations = 300;
  const ChainFit fit = fit_chain(data, options);
  for (std::size_t k = 1; k < fit.objective.size(); ++k) EXPECT_GE(fit.objective[k], fit.objective[k - 1]);
  ASSERT_EQ(fit.parameters.link_item, truth.link_item);
  double mean = 0, squares = 0;
  for (const double strength : fit.parameters.link_strength) {
    EXPECT_NEAR(strength, 2.0, 0.5);
    mean += strength / (2 * items);
    squares += (strength - 2.0) * (strength - 2.0) / (2 * items);
  }
  // Half of the 20,000 walks name each anchor as such: about 500 targets per row, 130 of them on a link of p = .26.
  const double error = std::sqrt(1 / (500 * 0.26 * 0.74));
  EXPECT_NEAR(mean, 2.0, 4 * error / std::sqrt(2.0 * items));
  EXPECT_LT(std::sqrt(squares), 1.6 * error);
}

TEST(ChainFit, predicts_fresh_users_better_than_popularity_and_than_a_fit_on_shuffled_likes) {
  const ChainParameters truth = known_chain(40, 2);
  const WorldData data = draw_world_data(*make_chain_taste(truth, 1.0), 400, 12, 2, 2, 4);
  const WorldData fresh = draw_world_data(*make_chain_taste(truth, 1.0), 200, 12, 2, 2, 5);
  // The k-th like of every user goes to another user: popularity stays, links do not.
  WorldData shuffled = data;
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    for (std::size_t k = 0; k < 12; ++k) {
      shuffled.users[u].likes[k] = data.users[(u + 31 * k + 7) % data.users.size()].likes[k];
    }
  }
  ChainFitOptions options;
  options.length = 2;
  const auto of_fit = make_chain_taste(fit_chain(data, options).parameters, 1.0);
  const auto of_shuffled = make_chain_taste(fit_chain(shuffled, options).parameters, 1.0);
  const double fitted = held_out_log_likelihood(*of_fit, fresh, 2000, 1);
  EXPECT_GT(fitted, unigram_log_likelihood(data, fresh, 0.1) + 0.05);
  EXPECT_GT(fitted, held_out_log_likelihood(*of_shuffled, fresh, 2000, 1) + 0.05);
}

TEST(ChainFit, refuses_data_it_cannot_fit) {
  EXPECT_THROW(fit_chain({10, 1, 0, {}}, {}), DataError);
  EXPECT_THROW(fit_chain({3, 1, 0, {{1, 0, 1, {}, {0, 1}}}}, {}), ConfigError);
}

}  // namespace
}  // namespace coldframe
