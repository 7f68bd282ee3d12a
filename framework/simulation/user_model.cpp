#include "framework/simulation/user_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

PageDraws UserModel::draws(const SimulationRandom&, const ShownPage&) const { return {}; }

double expected_reward(const UserModel& model, std::span<const double> utilities) {
  std::vector<double> expected(utilities.size());
  model.expected_clicks(utilities, expected);
  return std::accumulate(expected.begin(), expected.end(), 0.0);
}

double click_rate(const UserModel& model, std::span<const double> utilities) {
  const std::vector<std::uint8_t> none(utilities.size(), 0);
  return -std::expm1(model.log_likelihood(utilities, none));
}

}  // namespace coldframe
