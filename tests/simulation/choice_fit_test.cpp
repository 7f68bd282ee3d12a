#include "framework/simulation/choice_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/detail/choice_family.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

constexpr ChoiceScale k_truth{0.8, 0.6};
const std::vector<std::string> k_models = {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"};

SimulationOptions truth_of(const std::string& model) {
  SimulationOptions options;
  options.user_model = model;
  options.pbm_decay = 0.7;
  options.dcm_continue = 0.7;
  options.dcm_decay = 0.8;
  options.dbn_continue = 0.8;
  options.dbn_satisfaction = 0.3;
  options.dbn_satisfaction_gain = 0.5;
  return options;
}

double truth_of(const std::string& model, const std::string& parameter) {
  const SimulationOptions o = truth_of(model);
  if (parameter == "scale") return k_truth.scale;
  if (parameter == "no_click") return k_truth.no_click;
  if (parameter == "pbm_decay") return o.pbm_decay;
  if (parameter == "dcm_continue") return o.dcm_continue;
  if (parameter == "dcm_decay") return o.dcm_decay;
  if (parameter == "dbn_continue") return o.dbn_continue;
  if (parameter == "dbn_satisfaction") return o.dbn_satisfaction;
  return o.dbn_satisfaction_gain;
}

std::vector<ObservedPage> draw_log(const UserModel& model, std::uint64_t seed, std::size_t pages, std::size_t positions,
                                   double spread = 1.5) {
  const SimulationRandom random(seed);
  std::vector<std::uint32_t> slots(positions);
  for (std::size_t k = 0; k < positions; ++k) slots[k] = static_cast<std::uint32_t>(k);
  std::vector<ObservedPage> log;
  for (std::uint64_t user = 0; user < pages; ++user) {
    ObservedPage page{std::vector<double>(positions), std::vector<std::uint8_t>(positions)};
    random.latent_normals(UserKey(user), page.utilities);
    for (double& utility : page.utilities) utility *= spread;
    model.sample(random, {UserKey(user), 0, 0, page.utilities, slots}, page.clicks);
    log.push_back(std::move(page));
  }
  return log;
}

std::vector<ObservedPage> draw_log(const std::string& model, std::uint64_t seed, std::size_t pages,
                                   std::size_t positions) {
  return draw_log(*make_user_model(truth_of(model), k_truth), seed, pages, positions);
}

double log_likelihood(const UserModel& model, std::span<const ObservedPage> log) {
  double sum = 0;
  for (const ObservedPage& page : log) sum += model.log_likelihood(page.utilities, page.clicks);
  return sum;
}

TEST(ChoiceFit, recovers_known_parameters_within_their_standard_errors) {
  double squares = 0;
  std::size_t count = 0;
  for (const std::string& model : k_models) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const ChoiceFit fit = fit_choices(model, draw_log(model, seed, 4000, 6));
      EXPECT_EQ(fit.pages, 4000u);
      for (const FittedParameter& fitted : fit.parameters) {
        ASSERT_GT(fitted.standard_error, 0) << model << " " << fitted.name;
        ASSERT_LT(fitted.standard_error, 0.5) << model << " " << fitted.name << ": the test would say nothing";
        const double z = (fitted.value - truth_of(model, fitted.name)) / fitted.standard_error;
        EXPECT_LT(std::abs(z), 4.0) << model << " " << fitted.name << " = " << fitted.value << " seed " << seed;
        squares += z * z;
        ++count;
      }
    }
  }
  // 360 z-scores: the standard error of their mean square is .075 when they are independent; within a fit they are not
  // quite.
  RecordProperty("mean_square_z", std::to_string(squares / static_cast<double>(count)));
  EXPECT_EQ(count, 360u);
  EXPECT_NEAR(squares / static_cast<double>(count), 1.0, 0.3);
}

TEST(ChoiceFit, is_the_top_of_the_models_own_likelihood) {
  for (const std::string& model : k_models) {
    const std::vector<ObservedPage> log = draw_log(model, 3, 500, 5);
    const ChoiceFit fit = fit_choices(model, log);
    SimulationOptions options;
    fit.apply_to(options);
    EXPECT_EQ(options.user_model, model);
    const double top = log_likelihood(*make_user_model(options, fit.scale()), log);
    EXPECT_NEAR(top, fit.log_likelihood, 1e-9 * std::abs(top)) << model;
    EXPECT_GE(top, log_likelihood(*make_user_model(truth_of(model), k_truth), log)) << model;
    for (const double step : {-0.02, 0.02}) {
      EXPECT_LT(log_likelihood(*make_user_model(options, {fit.scale().scale + step, fit.scale().no_click}), log), top);
      EXPECT_LT(log_likelihood(*make_user_model(options, {fit.scale().scale, fit.scale().no_click + step}), log), top);
    }
  }
}

TEST(ChoiceFit, tells_the_law_that_made_a_log_from_the_others) {
  // Clicks without a limit per page: the laws that allow them compete.
  for (const std::string truth : {"pbm", "dcm", "dbn"}) {
    const std::vector<ObservedPage> log = draw_log(truth, 5, 1500, 6);
    ChoiceFitOptions options;
    options.iterated_picks = 6;
    const double own = fit_choices(truth, log).log_likelihood;
    for (const std::string other : {"pbm", "iterated_logit"}) {
      if (other == truth) continue;
      EXPECT_GT(own, fit_choices(other, log, options).log_likelihood + 5) << truth << " against " << other;
    }
  }
}

TEST(ChoiceFit, holds_what_is_known) {
  // A dynamic Bayesian network that always goes on and is satisfied alike by every item is a dependent click model.
  SimulationOptions truth = truth_of("dcm");
  truth.dcm_decay = 1.0;
  const std::vector<ObservedPage> log = draw_log(*make_user_model(truth, k_truth), 2, 1000, 5);
  const ChoiceFit dcm = fit_choices("dcm", log, {3, {{"dcm_decay", 1.0}}});
  const ChoiceFit dbn = fit_choices("dbn", log, {3, {{"dbn_continue", 1.0}, {"dbn_satisfaction_gain", 0.0}}});
  EXPECT_EQ(dbn.parameter("dbn_continue").standard_error, 0);
  EXPECT_EQ(dbn.parameter("dbn_continue").value, 1.0);
  EXPECT_NEAR(dbn.log_likelihood, dcm.log_likelihood, 1e-6);
  EXPECT_NEAR(dbn.parameter("dbn_satisfaction").value, 1.0 - dcm.parameter("dcm_continue").value, 1e-5);
  EXPECT_NEAR(dbn.parameter("scale").standard_error, dcm.parameter("scale").standard_error, 1e-5);
  EXPECT_THROW(fit_choices("mnl", log, {3, {{"dcm_decay", 1.0}}}), ConfigError);
  EXPECT_THROW(fit_choices("nothing", log), ConfigError);
  EXPECT_THROW(static_cast<void>(dcm.parameter("dbn_continue")), DataError);
}

TEST(ChoiceFit, derivatives_agree_with_finite_differences) {
  const auto check = []<class Family>(Family, const std::string& model) {
    constexpr std::size_t n = Family::k_parameters.size();
    using Number = detail::Jet<n>;
    const ChoiceFitOptions options;
    std::array<double, n> x{0.9, 0.4};
    for (std::size_t i = 2; i < n; ++i) x[i] = 0.3 * static_cast<double>(i);
    const auto at = [&]<class T>(const std::array<T, n>& point, const ObservedPage& page) {
      return Family::log_likelihood(detail::natural_parameters<Family>(point, options.known), page, options);
    };
    for (const ObservedPage& page : draw_log(model, 4, 40, 5)) {
      std::array<Number, n> variables;
      for (std::size_t i = 0; i < n; ++i) variables[i] = Number::variable(x[i], i);
      const Number exact = at(variables, page);
      const double value = at(x, page);
      EXPECT_NEAR(exact.value, value, 1e-12);
      constexpr double h = 1e-4;
      const auto moved = [&](std::size_t i, double a, std::size_t j, double b) {
        auto there = x;
        there[i] += a;
        there[j] += b;
        return at(there, page);
      };
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_NEAR(exact.slope[i], (moved(i, h, i, 0) - moved(i, -h, i, 0)) / (2 * h), 1e-6) << model << " " << i;
        for (std::size_t j = 0; j <= i; ++j) {
          const double second =
              (moved(i, h, j, h) - moved(i, h, j, -h) - moved(i, -h, j, h) + moved(i, -h, j, -h)) / (4 * h * h);
          EXPECT_NEAR(exact.curvature[i * (i + 1) / 2 + j], second, 1e-5) << model << " " << i << " " << j;
        }
      }
    }
  };
  check(detail::LogitFamily(), "mnl");
  check(detail::IteratedFamily(), "iterated_logit");
  check(detail::PositionFamily(), "pbm");
  check(detail::CascadeFamily(), "cascade");
  check(detail::DependentClickFamily(), "dcm");
  check(detail::DynamicBayesianFamily(), "dbn");
}

/// Text of the error with which a log is refused.
std::string refusal(const std::string& model, const std::vector<ObservedPage>& log) {
  try {
    static_cast<void>(fit_choices(model, log));
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ChoiceFit, refuses_logs_that_say_nothing) {
  using ::testing::HasSubstr;
  for (const std::string& model : k_models) {
    const std::vector<ObservedPage> good = draw_log(model, 1, 2000, 5);
    EXPECT_EQ(refusal(model, good), "accepted");
    std::vector<ObservedPage> log = good;
    for (ObservedPage& page : log) std::fill(page.clicks.begin(), page.clicks.end(), std::uint8_t{0});
    EXPECT_THAT(refusal(model, log), HasSubstr("no clicks")) << model;
    log = good;
    for (ObservedPage& page : log) std::fill(page.utilities.begin(), page.utilities.end(), 0.7);
    EXPECT_THAT(refusal(model, log), HasSubstr("all utilities are equal")) << model;
    EXPECT_THAT(refusal(model, {}), HasSubstr("no pages")) << model;
    log = good;
    log[7].clicks.pop_back();
    EXPECT_THAT(refusal(model, log), HasSubstr("page 7")) << model;
    log = good;
    log[8].utilities[2] = std::nan("");
    EXPECT_THAT(refusal(model, log), HasSubstr("page 8")) << model;
    for (ObservedPage& page : log) page = {{page.utilities[0]}, {1}};
    EXPECT_THAT(refusal(model, log), HasSubstr("everything shown was clicked")) << model;
  }
}

TEST(ChoiceFit, refuses_one_position_where_positions_matter) {
  for (const std::string& model : k_models) {
    const std::string answer = refusal(model, draw_log(model, 1, 400, 1));
    if (model == "pbm" || model == "dcm" || model == "dbn") {
      EXPECT_THAT(answer, ::testing::HasSubstr("one position")) << model;
    } else {
      EXPECT_EQ(answer, "accepted") << model;
    }
  }
}

TEST(ChoiceFit, refuses_flat_directions_and_borders_by_name) {
  using ::testing::HasSubstr;
  // Every page clicked: nothing bounds the no-click logit of a single choice.
  std::vector<ObservedPage> forced = draw_log("mnl", 1, 400, 5);
  std::erase_if(forced,
                [](const ObservedPage& page) { return std::count(page.clicks.begin(), page.clicks.end(), 1) == 0; });
  EXPECT_THAT(refusal("mnl", forced), HasSubstr("no_click"));
  // Single clicks only: lambda_k would be 0.
  EXPECT_THAT(refusal("dcm", draw_log("cascade", 1, 800, 5)), HasSubstr("dcm_"));
  // Utilities that separate clicks from the rest: the scale has no end.
  std::vector<ObservedPage> separated = draw_log("mnl", 1, 400, 5);
  for (ObservedPage& page : separated) {
    const auto highest = std::max_element(page.utilities.begin(), page.utilities.end()) - page.utilities.begin();
    for (std::ptrdiff_t k = 0; k < 5; ++k)
      page.clicks[static_cast<std::size_t>(k)] =
          k == highest && page.utilities[static_cast<std::size_t>(k)] > 1 ? 1 : 0;
  }
  EXPECT_THAT(refusal("mnl", separated), HasSubstr("scale"));
  // Two clicks on a page that allows one.
  separated[0].clicks = {1, 0, 0, 1, 0};
  EXPECT_THAT(refusal("cascade", separated), HasSubstr("cannot happen under user model cascade"));
  EXPECT_THAT(refusal("mnl", separated), HasSubstr("cannot happen under user model mnl"));
}

}  // namespace
}  // namespace coldframe
