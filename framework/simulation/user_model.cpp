#include "framework/simulation/user_model.h"

#include <cmath>
#include <numeric>

#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {

double expected_reward(const UserModel& model, std::span<const double> utilities) {
  std::vector<double> expected(utilities.size());
  model.expected_clicks(utilities, expected);
  return std::accumulate(expected.begin(), expected.end(), 0.0);
}

double click_rate(const UserModel& model, std::span<const double> utilities) {
  const std::vector<std::uint8_t> none(utilities.size(), 0);
  return -std::expm1(model.log_likelihood(utilities, none));
}

std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale) {
  if (options.user_model == "mnl") return std::make_unique<MultinomialLogit>(scale);
  return std::make_unique<DynamicBayesian>(
      scale, DynamicBayesianOptions{options.dbn_continue, options.dbn_satisfaction, options.dbn_satisfaction_gain});
}

}  // namespace coldframe
