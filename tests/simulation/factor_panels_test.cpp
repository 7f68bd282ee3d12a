#include "framework/simulation/detail/factor_panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/core/philox.h"
#include "framework/simulation/detail/vector_exp.h"
#include "framework/simulation/random_layout.h"

namespace coldframe::detail {
namespace {

std::vector<double> normals(std::size_t count, std::uint64_t seed) {
  std::vector<double> values(count);
  keyed_normals(KeyedRandom(seed, Purpose::initialisation), UserKey(0), 0, values);
  return values;
}

struct Setting {
  std::size_t users, items, dimension;
  std::vector<double> factors = normals(items * dimension, 1);
  std::vector<double> states = normals(users * dimension, 2);
  std::vector<double> biases = normals(users * items, 3);

  std::vector<double> logits(std::size_t user) const {
    std::vector<double> out;
    for (std::size_t i = 0; i < items; ++i) {
      double sum = biases[user * items + i];
      for (std::size_t l = 0; l < dimension; ++l) sum += states[user * dimension + l] * factors[i * dimension + l];
      out.push_back(sum);
    }
    return out;
  }

  std::vector<double> log_lifts() const {
    std::vector<double> out(users * items);
    std::vector<const double*> own_biases;
    std::vector<double*> own_out;
    for (std::size_t u = 0; u < users; ++u) {
      own_biases.push_back(biases.data() + u * items);
      own_out.push_back(out.data() + u * items);
    }
    FactorPanels(factors, items, dimension).log_lifts(states, own_biases, own_out);
    return out;
  }
};

/// The documented arithmetic, item by item: weights of items i, i + 8, ... add up to running sum i.
std::vector<double> lifts_by_hand(std::vector<double> logits) {
  const double top = *std::ranges::max_element(logits);
  std::vector<double> weights;
  for (const double logit : logits) weights.push_back(logit - top);
  exp_all(weights);
  double totals[8] = {}, total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) totals[i % 8] += weights[i];
  for (const double part : totals) total += part;
  const double shift = std::log(static_cast<double>(logits.size())) - top - std::log(total);
  for (double& logit : logits) logit += shift;
  return logits;
}

TEST(FactorPanels, have_the_bits_of_one_item_and_one_user_at_a_time) {
  for (const auto& [users, items, dimension] : {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1},
                                                {1, 15, 3},
                                                {3, 16, 2},
                                                {8, 17, 5},
                                                {9, 64, 1},
                                                {17, 71, 40},
                                                {70, 130, 9}}) {
    const Setting setting{users, items, dimension};
    const std::vector<double> all = setting.log_lifts();
    for (std::size_t u = 0; u < users; ++u) {
      const std::vector<double> expected = lifts_by_hand(setting.logits(u));
      const std::vector<double> own(all.begin() + static_cast<std::ptrdiff_t>(u * items),
                                    all.begin() + static_cast<std::ptrdiff_t>((u + 1) * items));
      EXPECT_EQ(own, expected) << users << " users, " << items << " items, user " << u;
    }
  }
}

TEST(FactorPanels, lifts_are_log_probabilities_relative_to_the_average_item) {
  const Setting setting{2, 200, 6};
  const std::vector<double> all = setting.log_lifts();
  for (std::size_t u = 0; u < 2; ++u) {
    const std::vector<double> logits = setting.logits(u);
    long double total = 0;
    for (const double logit : logits) total += std::exp(static_cast<long double>(logit));
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const long double exact = std::log(200.0L) + static_cast<long double>(logits[i]) - std::log(total);
      EXPECT_NEAR(all[u * 200 + i], static_cast<double>(exact), 1e-13);
    }
  }
}

}  // namespace
}  // namespace coldframe::detail
