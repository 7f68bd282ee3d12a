#include "framework/simulation/softmax_world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/detail/softmax_objective.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

WorldData drawn_data(std::size_t users, std::size_t likes) {
  return draw_world_data(*make_softmax_taste(known_softmax(40, 2, 2, 2), 1.0), users, likes, 2, 2, 11);
}

/// Correlation of two utility tables after removing each user's mean.
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / static_cast<double>(a.size());
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / static_cast<double>(b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(SoftmaxFit, gradient_matches_finite_differences_though_modes_and_curvatures_move) {
  WorldData data = drawn_data(12, 9);
  data.users[3].weight = 2.5;
  const SoftmaxParameters p = known_softmax(40, 2, 2, 2);
  SoftmaxFitOptions options;
  options.dimension = 2;
  auto posteriors = detail::laplace_all(p, data);
  std::vector<double> flat = detail::to_flat(p);
  std::vector<double> gradient(flat.size());
  std::vector<double> unused(flat.size());
  detail::laplace_objective(data, p, options, posteriors, flat, gradient);
  for (std::size_t at = 0; at < flat.size(); ++at) {
    constexpr double h = 1e-5;
    const double keep = flat[at];
    flat[at] = keep + h;
    const double up = detail::laplace_objective(data, p, options, posteriors, flat, unused);
    flat[at] = keep - h;
    const double down = detail::laplace_objective(data, p, options, posteriors, flat, unused);
    flat[at] = keep;
    EXPECT_NEAR(gradient[at], (up - down) / (2 * h), 1e-6 * (1.0 + std::abs(gradient[at]))) << "parameter " << at;
  }
}

TEST(SoftmaxFit, laplace_evidence_is_close_to_the_integral) {
  // One latent dimension: the integral over z is done by a fine sum.
  const WorldData data = draw_world_data(*make_softmax_taste(known_softmax(15, 1, 1, 0), 1.0), 3, 20, 1, 0, 3);
  const SoftmaxParameters p = known_softmax(15, 1, 1, 0);
  const auto taste = make_softmax_taste(p, 1.0);
  const auto posteriors = detail::laplace_all(p, data);
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    double integral = 0;
    constexpr double step = 0.002;
    std::vector<double> utilities(15);
    for (double z = -7; z < 7; z += step) {
      taste->utilities(0, {&z, 1}, utilities);
      double log_likelihood = -0.5 * z * z - 0.5 * std::log(2 * M_PI);
      for (const std::uint32_t item : data.users[u].likes) log_likelihood += utilities[item] - std::log(15.0);
      integral += step * std::exp(log_likelihood);
    }
    EXPECT_NEAR(posteriors[u].log_evidence, std::log(integral), 0.05);
  }
}

TEST(SoftmaxFit, objective_never_decreases_and_constraints_hold) {
  const WorldData data = drawn_data(80, 20);
  SoftmaxFitOptions options;
  options.dimension = 2;
  options.tolerance = 0;
  const SoftmaxFit fit = fit_softmax(data, options);
  ASSERT_GT(fit.objective.size(), 5u);
  for (std::size_t k = 1; k < fit.objective.size(); ++k) EXPECT_GE(fit.objective[k], fit.objective[k - 1]);

  const SoftmaxParameters& p = fit.parameters;
  EXPECT_NEAR(std::accumulate(p.item_bias.begin(), p.item_bias.end(), 0.0), 0.0, 1e-8);
  const std::vector<double> shares = data.group_shares();
  for (std::size_t i = 0; i < p.items; ++i) {
    EXPECT_NEAR(shares[0] * p.group_bias[i] + shares[1] * p.group_bias[p.items + i], 0.0, 1e-9);
  }
  for (std::size_t l = 0; l < p.dimension; ++l) {
    double sum = 0;
    for (std::size_t i = 0; i < p.items; ++i) sum += p.item_factors[i * p.dimension + l];
    EXPECT_NEAR(sum, 0.0, 1e-8);
  }
}

TEST(SoftmaxFit, recovers_a_known_world) {
  const SoftmaxParameters truth = known_softmax(40, 2, 2, 2);
  const WorldData data = drawn_data(800, 40);
  SoftmaxFitOptions options;
  options.dimension = 2;
  options.factor_ridge = 0.5;
  options.group_ridge = 2;
  options.effect_ridge = 0.5;
  options.pseudo_count = 0.01;
  options.iterations = 200;
  options.tolerance = 1e-8;
  const SoftmaxFit fit = fit_softmax(data, options);
  const SoftmaxParameters& fitted = fit.parameters;

  // b and b_g are identified as they are: 32,000 likes over 40 items give standard errors of a few hundredths.
  EXPECT_GT(correlation(truth.item_bias, fitted.item_bias), 0.99);
  EXPECT_GT(correlation(truth.group_bias, fitted.group_bias), 0.95);
  // q only up to rotation: what is identified is the covariance it gives to utilities.
  std::vector<double> wanted, got;
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t j = 0; j < 40; ++j) {
      double a = 0, b = 0;
      for (std::size_t l = 0; l < 2; ++l) {
        a += truth.item_factors[i * 2 + l] * truth.item_factors[j * 2 + l];
        b += fitted.item_factors[i * 2 + l] * fitted.item_factors[j * 2 + l];
      }
      wanted.push_back(a);
      got.push_back(b);
    }
  }
  EXPECT_GT(correlation(wanted, got), 0.97);
  const double scale = std::inner_product(got.begin(), got.end(), got.begin(), 0.0) /
                       std::inner_product(wanted.begin(), wanted.end(), wanted.begin(), 0.0);
  EXPECT_NEAR(std::sqrt(scale), 1.0, 0.15);
  // B only together with q.
  std::vector<double> effect, fitted_effect;
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t x = 0; x < 2; ++x) {
      double a = 0, b = 0;
      for (std::size_t l = 0; l < 2; ++l) {
        a += truth.item_factors[i * 2 + l] * truth.attribute_effect[l * 2 + x];
        b += fitted.item_factors[i * 2 + l] * fitted.attribute_effect[l * 2 + x];
      }
      effect.push_back(a);
      fitted_effect.push_back(b);
    }
  }
  // The two attributes of the drawn users are opposite, so that only the difference of the two columns is identified.
  std::vector<double> difference, fitted_difference;
  for (std::size_t i = 0; i < 40; ++i) {
    difference.push_back(effect[2 * i] - effect[2 * i + 1]);
    fitted_difference.push_back(fitted_effect[2 * i] - fitted_effect[2 * i + 1]);
  }
  EXPECT_GT(correlation(difference, fitted_difference), 0.9);

  // And it predicts users it has not seen nearly as well as the truth does, better than popularity.
  const WorldData fresh = draw_world_data(*make_softmax_taste(truth, 1.0), 200, 40, 2, 2, 12);
  const double of_truth = softmax_log_likelihood(truth, fresh);
  EXPECT_GT(softmax_log_likelihood(fitted, fresh), of_truth - 0.01);
  EXPECT_GT(softmax_log_likelihood(fitted, fresh), unigram_log_likelihood(data, fresh, 0.1) + 0.1);
}

TEST(SoftmaxFit, a_weight_of_two_equals_the_user_twice) {
  WorldData doubled = drawn_data(30, 10);
  WorldData weighted = doubled;
  doubled.users.push_back(doubled.users[4]);
  weighted.users[4].weight = 2;
  SoftmaxFitOptions options;
  options.dimension = 1;
  options.iterations = 20;
  const auto a = fit_softmax(doubled, options);
  const auto b = fit_softmax(weighted, options);
  EXPECT_NEAR(a.objective.back(), b.objective.back(), 1e-5 * std::abs(a.objective.back()));
}

TEST(SoftmaxFit, refuses_data_it_cannot_fit) {
  SoftmaxFitOptions options;
  EXPECT_THROW(fit_softmax({10, 1, 0, {}}, options), DataError);
  options.dimension = 40;
  EXPECT_THROW(fit_softmax(drawn_data(5, 3), options), ConfigError);
}

TEST(SoftmaxTaste, lambda_scales_popularity_after_the_fit) {
  const SoftmaxParameters p = known_softmax(30, 2, 2, 0);
  const std::vector<double> z = {0.0, 0.0};
  std::vector<double> full(30), none(30);
  make_softmax_taste(p, 1.0)->utilities(0, z, full);
  make_softmax_taste(p, 0.0)->utilities(0, z, none);
  // At z = 0 what is left without popularity is the group's bias.
  const double shift = none[0] - p.group_bias[0];
  for (std::size_t i = 0; i < 30; ++i) EXPECT_NEAR(none[i] - p.group_bias[i], shift, 1e-12);
  double total = 0;
  for (const double utility : full) total += std::exp(utility);
  EXPECT_NEAR(total, 30.0, 1e-9);
}

TEST(SoftmaxTaste, many_draws_at_once_agree_with_one_at_a_time) {
  const auto taste = make_softmax_taste(known_softmax(50, 2, 3, 4), 0.5);
  const std::vector<double> x = {0.5, -0.5, 0.3, -0.3};
  constexpr std::size_t draws = 300;  // more than a panel
  std::vector<float> normals(3 * draws);
  for (std::size_t k = 0; k < normals.size(); ++k)
    normals[k] = static_cast<float>(std::sin(1.0 + 0.37 * static_cast<double>(k)) * 2);
  const TasteDraws many = taste->place_many(1, x, normals, draws);
  std::vector<float> column(draws);
  std::vector<double> state(3), utilities(50);
  for (const std::size_t m : {std::size_t{0}, std::size_t{17}, std::size_t{299}}) {
    const std::vector<double> own = {normals[m], normals[draws + m], normals[2 * draws + m]};
    taste->place(x, own, state);
    taste->utilities(1, state, utilities);
    for (std::uint32_t i = 0; i < 50; i += 11) {
      taste->item_utilities(many, ItemId(i), column);
      EXPECT_NEAR(column[m], utilities[i], 2e-5);
    }
  }
}

}  // namespace
}  // namespace coldframe
