#include "framework/evaluation/logistic_regression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

double normal(std::uint64_t row, std::uint32_t column) {
  const PhiloxBlock words = KeyedRandom(5, Purpose::initialisation).block(UserKey(row), 0, 0, column);
  return standard_normals(words[0], words[1])[0];
}

TEST(LogisticRegression, of_one_yes_or_no_is_its_log_odds) {
  // 1 of 4 rows with x = 0 and 3 of 4 with x = 1 have label 1: log-odds -log 3 and log 3.
  const std::vector<double> features = {0, 0, 0, 0, 1, 1, 1, 1};
  const std::vector<std::uint8_t> labels = {1, 0, 0, 0, 1, 1, 1, 0};
  const LogisticModel model = fit_logistic(features, labels, 1e-10);
  EXPECT_NEAR(model.score(std::vector<double>{0}), -std::log(3.0), 1e-6);
  EXPECT_NEAR(model.score(std::vector<double>{1}), std::log(3.0), 1e-6);
}

TEST(LogisticRegression, ends_where_the_penalised_gradient_is_zero) {
  constexpr std::size_t rows = 200, width = 6;
  constexpr double ridge = 2.5;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::uint32_t f = 0; f < width; ++f) features.push_back(3.0 * f + (1.0 + f) * normal(r, f));
    const double score = 0.8 * normal(r, 0) - 1.1 * normal(r, 3) + 0.4;
    labels.push_back(1.0 / (1.0 + std::exp(-score)) >
                     uniform_double(KeyedRandom(6, Purpose::data_order).block(UserKey(r))[0]));
  }
  const LogisticModel model = fit_logistic(features, labels, ridge);
  double of_intercept = 0;
  std::vector<double> gradient(width);
  for (std::size_t f = 0; f < width; ++f) gradient[f] = -ridge * model.weights[f];
  for (std::size_t r = 0; r < rows; ++r) {
    const std::span<const double> row(features.data() + r * width, width);
    const double residual = labels[r] - 1.0 / (1.0 + std::exp(-model.score(row)));
    of_intercept += residual;
    for (std::size_t f = 0; f < width; ++f) gradient[f] += residual * (row[f] - model.means[f]) / model.deviations[f];
  }
  EXPECT_NEAR(of_intercept, 0.0, 1e-5);
  for (std::size_t f = 0; f < width; ++f) EXPECT_NEAR(gradient[f], 0.0, 1e-5) << f;
  EXPECT_GT(model.weights[0], 0.3);
  EXPECT_LT(model.weights[3], -0.5);
}

TEST(LogisticRegression, has_a_maximum_for_rows_that_are_separable_and_ignores_what_does_not_vary) {
  const std::vector<double> features = {-2, 7, -1, 7, 1, 7, 2, 7};
  const std::vector<std::uint8_t> labels = {0, 0, 1, 1};
  const LogisticModel model = fit_logistic(features, labels, 0.1);
  EXPECT_GT(model.weights[0], 0.5);
  EXPECT_TRUE(std::isfinite(model.weights[0]));
  EXPECT_EQ(model.weights[1], 0.0);
  EXPECT_LT(model.score(std::vector<double>{-1, 7}), 0.0);
  EXPECT_EQ(model.score(std::vector<double>{1, 7}), model.score(std::vector<double>{1, 999}));
}

TEST(LogisticRegression, refuses_what_cannot_be_fitted) {
  const std::vector<std::uint8_t> labels = {0, 1};
  EXPECT_THROW(fit_logistic(std::vector<double>{1, 2}, labels, 0.0), ConfigError);
  EXPECT_THROW(fit_logistic(std::vector<double>{1, 2, 3}, labels, 1.0), DataError);
  EXPECT_THROW(fit_logistic(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()}, labels, 1.0),
               NumericError);
}

}  // namespace
}  // namespace coldframe
