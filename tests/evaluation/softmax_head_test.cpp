#include "framework/evaluation/softmax_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "framework/core/error.h"
#include "framework/evaluation/temperature.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using Labels = std::vector<std::uint32_t>;

struct GoldenRows {
  nlohmann::json golden = testing::golden("labels");
  std::vector<float> vectors = golden["vectors"].get<std::vector<float>>();
  Labels labels = golden["labels"].get<Labels>();
  std::size_t classes = golden["classes"].get<std::size_t>();
};

TEST(SoftmaxHead, of_one_yes_or_no_has_the_log_odds) {
  // x = 0: 1 of 4 rows has class 1; x = 1: 3 of 4. Almost no ridge, so P(1 | x) are these shares.
  const std::vector<float> x = {0, 0, 0, 0, 1, 1, 1, 1};
  const Labels labels = {1, 0, 0, 0, 1, 1, 1, 0};
  SoftmaxFitter fitter(x, labels, 2);
  const SoftmaxFit fit = fitter.fit({.ridge = 1e-9, .most_steps = 2000, .tolerance = 0});
  std::vector<double> p = fit.head.scores(std::vector<float>{0, 1});
  to_probabilities(p, 2, 1.0);
  EXPECT_NEAR(p[1], 0.25, 1e-5);
  EXPECT_NEAR(p[3], 0.75, 1e-5);
  EXPECT_NEAR(fit.head.mean[0], 0.5, 1e-15);
  EXPECT_NEAR(fit.head.scale, 0.5, 1e-15);  // every row is .5 away from the mean
  EXPECT_NEAR(fit.objective, 0.25 * std::log(0.25) + 0.75 * std::log(0.75), 1e-6);
}

TEST(SoftmaxHead, agrees_with_scikit_learn_for_every_ridge_of_a_path) {
  const GoldenRows rows;
  SoftmaxFitter fitter(rows.vectors, rows.labels, rows.classes);
  for (const auto& expected : rows.golden["heads"]) {
    const SoftmaxFit fit =
        fitter.fit({.ridge = expected["ridge"].get<double>(), .most_steps = 5000, .tolerance = 1e-14});
    EXPECT_TRUE(fit.converged);
    EXPECT_NEAR(fit.objective, expected["objective"].get<double>(), 1e-8);
    EXPECT_NEAR(fit.head.scale, expected["scale"].get<double>(), 1e-12);
    std::vector<double> p = fit.head.scores(rows.vectors);
    to_probabilities(p, rows.classes, 1.0);
    const auto probabilities = expected["probabilities"].get<std::vector<double>>();
    ASSERT_EQ(p.size(), probabilities.size());
    for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], probabilities[i], 2e-4) << i;
  }
}

TEST(SoftmaxHead, has_the_same_bits_on_any_threads) {
  const GoldenRows rows;
  const auto in_threads = [](std::size_t count, const std::function<void(std::size_t)>& part) {
    std::vector<std::jthread> threads;
    for (std::size_t p = count; p-- > 0;) threads.emplace_back([&part, p] { part(p); });
  };
  SoftmaxFitter alone(rows.vectors, rows.labels, rows.classes);
  SoftmaxFitter shared(rows.vectors, rows.labels, rows.classes, in_threads);
  EXPECT_EQ(alone.fit({.ridge = 0.01}).head.weights, shared.fit({.ridge = 0.01}).head.weights);
}

TEST(SoftmaxHead, goes_on_from_the_last_ridge_and_ends_at_the_same_place) {
  const GoldenRows rows;
  SoftmaxFitter path(rows.vectors, rows.labels, rows.classes), direct(rows.vectors, rows.labels, rows.classes);
  path.fit({.ridge = 0.1, .tolerance = 1e-12});
  const SoftmaxFit then = path.fit({.ridge = 0.09, .tolerance = 1e-12});
  const SoftmaxFit once = direct.fit({.ridge = 0.09, .tolerance = 1e-12});
  EXPECT_NEAR(then.objective, once.objective, 1e-9);
  EXPECT_LT(then.steps, once.steps);
}

TEST(SoftmaxHead, refuses_rows_that_cannot_be_fitted) {
  const std::vector<float> x = {1, 2};
  EXPECT_THROW(SoftmaxFitter({}, {}, 2), DataError);
  EXPECT_THROW(SoftmaxFitter(x, Labels{0, 2}, 2), DataError);
  EXPECT_THROW(SoftmaxFitter(x, Labels{0, 0}, 2), DataError) << "class 1 has no row";
  EXPECT_THROW(SoftmaxFitter(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}, Labels{0, 1}, 2),
               NumericError);
  SoftmaxFitter fitter(x, Labels{0, 1}, 2);
  EXPECT_THROW(fitter.fit({.ridge = 0}), ConfigError);
}

TEST(Temperature, agrees_with_a_bounded_search) {
  const auto golden = testing::golden("labels")["temperature"];
  const auto scores = golden["scores"].get<std::vector<double>>();
  const auto labels = golden["labels"].get<Labels>();
  const Temperature found = fit_temperature(scores, labels);
  EXPECT_NEAR(found.value, golden["temperature"].get<double>(), 1e-6);
  EXPECT_FALSE(found.at_bound);
}

TEST(Temperature, of_scores_that_are_twice_too_large_is_two) {
  // Of three rows with scores (0, 2 ln 2) two have class 1: softmax(z / 2) = (1/3, 2/3).
  const double z = 2.0 * std::log(2.0);
  const Temperature found = fit_temperature(std::vector<double>{0, z, 0, z, 0, z}, Labels{1, 1, 0});
  EXPECT_NEAR(found.value, 2.0, 1e-10);
  std::vector<double> p = {0, z};
  to_probabilities(p, 2, found.value);
  EXPECT_NEAR(p[1], 2.0 / 3.0, 1e-10);
}

TEST(Temperature, says_when_no_temperature_is_best) {
  EXPECT_TRUE(fit_temperature(std::vector<double>{0, 1}, Labels{1}).at_bound) << "all right: the colder the better";
  const Temperature wrong = fit_temperature(std::vector<double>{0, 1}, Labels{0});
  EXPECT_TRUE(wrong.at_bound) << "worse than a guess";
  EXPECT_GT(wrong.value, 100);
  EXPECT_THROW(fit_temperature({}, {}), DataError);
  EXPECT_THROW(fit_temperature(std::vector<double>{0, 1}, Labels{2}), DataError);
}

}  // namespace
}  // namespace coldframe
