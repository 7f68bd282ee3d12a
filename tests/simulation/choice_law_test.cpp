#include "framework/simulation/choice_law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "framework/core/error.h"
#include "framework/simulation/cascade.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/position_based.h"

namespace coldframe {
namespace {

constexpr ChoiceScale k_truth{0.8, 0.6};

std::vector<ObservedPage> draw_log(const UserModel& model, std::uint64_t seed, std::size_t pages) {
  constexpr std::size_t k_positions = 6;
  const SimulationRandom random(seed);
  const std::vector<std::uint32_t> slots = {0, 1, 2, 3, 4, 5};
  std::vector<ObservedPage> log;
  for (std::uint64_t user = 0; user < pages; ++user) {
    ObservedPage page{std::vector<double>(k_positions), std::vector<std::uint8_t>(k_positions)};
    random.latent_normals(UserKey(user), page.utilities);
    for (double& utility : page.utilities) utility *= 1.5;
    model.sample(random, {UserKey(user), 0, 0, page.utilities, slots}, page.clicks);
    log.push_back(std::move(page));
  }
  return log;
}

ChoiceLaw logit_law() {
  return {"my logit", {}, [](const ChoiceScale& scale, std::span<const double>) {
            return std::make_unique<MultinomialLogit>(scale);
          }};
}

ChoiceLaw position_law() {
  return {"my positions",
          {{"decay", ParameterRange::real, 0.5}},
          [](const ChoiceScale& scale, std::span<const double> values) -> std::unique_ptr<UserModel> {
            return std::make_unique<PositionBased>(scale, std::max(values[0], 0.0));
          }};
}

/// Two shares: go on, and be satisfied by a click whatever the item.
ChoiceLaw reader_law() {
  return {"my reader",
          {{"go_on", ParameterRange::share, 0.5}, {"enough", ParameterRange::share, 0.5}},
          [](const ChoiceScale& scale, std::span<const double> values) -> std::unique_ptr<UserModel> {
            return std::make_unique<DynamicBayesian>(scale, DynamicBayesianOptions{values[0], values[1], 0.0});
          }};
}

void expect_same(const ChoiceFit& own, const ChoiceFit& exact,
                 std::initializer_list<std::pair<const char*, const char*>> names) {
  EXPECT_NEAR(own.log_likelihood, exact.log_likelihood, 1e-6);
  EXPECT_EQ(own.pages, exact.pages);
  for (const auto& [mine, theirs] : names) {
    EXPECT_NEAR(own.parameter(mine).value, exact.parameter(theirs).value, 1e-5) << mine;
    EXPECT_NEAR(own.parameter(mine).standard_error, exact.parameter(theirs).standard_error, 1e-5) << mine;
  }
}

TEST(ChoiceLaw, is_fitted_as_the_same_model_with_exact_derivatives) {
  const auto logit = draw_log(MultinomialLogit(k_truth), 2, 1500);
  expect_same(fit_choices(logit_law(), logit), fit_choices("mnl", logit),
              {{"scale", "scale"}, {"no_click", "no_click"}});
  const auto positions = draw_log(PositionBased(k_truth, 0.7), 2, 1500);
  expect_same(fit_choices(position_law(), positions), fit_choices("pbm", positions),
              {{"scale", "scale"}, {"no_click", "no_click"}, {"decay", "pbm_decay"}});
  const auto reader = draw_log(DynamicBayesian(k_truth, {0.8, 0.3, 0.0}), 2, 1500);
  expect_same(
      fit_choices(reader_law(), reader), fit_choices("dbn", reader, {.known = {{"dbn_satisfaction_gain", 0.0}}}),
      {{"scale", "scale"}, {"no_click", "no_click"}, {"go_on", "dbn_continue"}, {"enough", "dbn_satisfaction"}});
}

TEST(ChoiceLaw, holds_what_is_known) {
  const auto log = draw_log(PositionBased(k_truth, 0.7), 3, 1000);
  const ChoiceFit fit = fit_choices(position_law(), log, {{"decay", 0.7}});
  EXPECT_EQ(fit.parameter("decay").value, 0.7);
  EXPECT_EQ(fit.parameter("decay").standard_error, 0.0);
  expect_same(fit, fit_choices("pbm", log, {.known = {{"pbm_decay", 0.7}}}), {{"scale", "scale"}});
}

/// Text of the error with which a fit is refused.
template <class Wrong>
std::string refusal(const ChoiceLaw& law, const std::vector<ObservedPage>& log,
                    const std::map<std::string, double>& known = {}) {
  try {
    static_cast<void>(fit_choices(law, log, known));
  } catch (const Wrong& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ChoiceLaw, refuses_what_cannot_be_fitted_and_says_why) {
  using ::testing::HasSubstr;
  const auto log = draw_log(PositionBased(k_truth, 0.7), 3, 400);
  EXPECT_THAT(refusal<DataError>(logit_law(), {}), HasSubstr("no pages"));
  EXPECT_THAT(refusal<DataError>(logit_law(), log), HasSubstr("cannot happen under user model my logit"));
  EXPECT_THAT(refusal<ConfigError>(position_law(), log, {{"slope", 1.0}}), HasSubstr("no parameter of it"));
  EXPECT_THAT(refusal<ConfigError>(reader_law(), log, {{"go_on", 1.0}}), HasSubstr("outside its range"));
  ChoiceLaw idle = position_law();
  idle.parameters.push_back({"idle", ParameterRange::real, 0.0});
  EXPECT_THAT(refusal<DataError>(idle, log), HasSubstr("does not depend on idle"));
  // Nobody clicks twice: the share that has enough is all.
  const auto sated = draw_log(Cascade(k_truth), 2, 1500);
  EXPECT_THAT(refusal<DataError>(reader_law(), sated), HasSubstr("enough"));
}

}  // namespace
}  // namespace coldframe
