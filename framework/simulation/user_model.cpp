#include "framework/simulation/user_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/cascade.h"
#include "framework/simulation/dependent_click.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/iterated_logit.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/position_based.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {

BestSlate most_useful(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders, std::size_t n) {
  BestSlate best;
  best.order.resize(utilities.size());
  std::iota(best.order.begin(), best.order.end(), std::size_t{0});
  n = std::min(n, utilities.size());
  std::partial_sort(best.order.begin(), best.order.begin() + static_cast<std::ptrdiff_t>(n), best.order.end(),
                    [&](std::size_t a, std::size_t b) {
                      if (utilities[a] != utilities[b]) return utilities[a] > utilities[b];
                      if (tie_orders[a] != tie_orders[b]) return tie_orders[a] < tie_orders[b];
                      return a < b;
                    });
  best.order.resize(n);
  return best;
}

double UserModel::react(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks,
                        std::span<double> expected) const {
  expected_clicks(page.utilities, expected);
  sample(random, page, clicks);
  return std::accumulate(expected.begin(), expected.end(), 0.0);
}

double expected_reward(const UserModel& model, std::span<const double> utilities) {
  std::vector<double> expected(utilities.size());
  model.expected_clicks(utilities, expected);
  return std::accumulate(expected.begin(), expected.end(), 0.0);
}

double click_rate(const UserModel& model, std::span<const double> utilities) {
  const std::vector<std::uint8_t> none(utilities.size(), 0);
  return -std::expm1(model.log_likelihood(utilities, none));
}

ConfigError unknown_user_model(std::string_view name) {
  return ConfigError(fmt::format("simulation.user_model = {}", name), "there is no such user model",
                     "use mnl, iterated_logit, pbm, cascade, dcm or dbn");
}

std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale) {
  const std::string& name = options.user_model;
  if (name == "mnl") return std::make_unique<MultinomialLogit>(scale);
  if (name == "iterated_logit") {
    return std::make_unique<IteratedLogit>(scale, static_cast<std::size_t>(options.iterated_picks));
  }
  if (name == "pbm") return std::make_unique<PositionBased>(scale, options.pbm_decay);
  if (name == "cascade") return std::make_unique<Cascade>(scale);
  if (name == "dcm") {
    return std::make_unique<DependentClick>(scale, DependentClickOptions{options.dcm_continue, options.dcm_decay});
  }
  if (name == "dbn") {
    return std::make_unique<DynamicBayesian>(
        scale, DynamicBayesianOptions{options.dbn_continue, options.dbn_satisfaction, options.dbn_satisfaction_gain});
  }
  throw unknown_user_model(name);
}

}  // namespace coldframe
