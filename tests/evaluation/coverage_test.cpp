#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "framework/core/philox.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/crossed_interval.h"

namespace coldframe {
namespace {

constexpr std::uint32_t k_data_sets = 2000;
// Nominal 95 % over 2,000 data sets: three standard errors are 1.5 points.
void expect_nominal(std::uint32_t covered, const std::string& what) {
  const double share = static_cast<double>(covered) / k_data_sets;
  EXPECT_GE(share, 0.935) << what;
  EXPECT_LE(share, 0.965) << what;
}

/// Two standard normals of one user of one data set, independent between places.
std::array<double, 2> normals(std::uint32_t data_set, std::uint64_t user, std::uint32_t place) {
  static const KeyedRandom random(77, Purpose::population);
  const PhiloxBlock words = random.block(UserKey(user), data_set, 0, place);
  return standard_normals(words[0], words[1]);
}

TEST(Coverage, of_bootstrap_intervals_is_nominal_for_means_differences_and_ratios) {
  constexpr std::size_t users = 400;
  std::uint32_t mean = 0, difference = 0, ratio = 0, heavy = 0;
  for (std::uint32_t d = 0; d < k_data_sets; ++d) {
    PairedBootstrap bootstrap(4, {800, 0.95, 1000 + d});
    for (std::uint64_t u = 0; u < users; ++u) {
      const auto [z, e] = normals(d, u, 0);
      const auto [f, g] = normals(d, u, 1);
      // A zero-inflated metric in [0, 1] as NDCG is one: P(0) = .5, uniform above; mean .25.
      const double rank = 0.5 * std::erfc(-z / std::sqrt(2.0));
      const double metric = std::max(0.0, 2.0 * rank - 1.0);
      const double other = metric + 0.1 * e + 0.03;  // truth of the difference: .03
      const double slots = 1.0 + std::exp(f);        // truth of the ratio other / slots: .28 / (1 + e^.5)
      const double lognormal = std::exp(0.7 * g);    // heavy right tail, mean e^.245
      bootstrap.add(UserKey(u), std::vector<double>{metric, other, slots, lognormal});
    }
    mean += bootstrap.mean(0).interval->contains(0.25);
    difference += bootstrap.difference(1, 0).interval->contains(0.03);
    ratio += bootstrap.ratio(1, 2).interval->contains(0.28 / (1.0 + std::exp(0.5)));
    heavy += bootstrap.mean(3).interval->contains(std::exp(0.245));
  }
  expect_nominal(mean, "mean");
  expect_nominal(difference, "difference");
  expect_nominal(ratio, "ratio");
  expect_nominal(heavy, "mean of a heavy tail");
}

/// Share of crossed intervals that hold the true mean .1, for given standard deviations of seeds, users and rest.
std::uint32_t crossed_covered(std::size_t seeds, std::size_t users, double seed_sd, double user_sd, double rest_sd) {
  std::uint32_t covered = 0;
  std::vector<double> table(seeds * users);
  for (std::uint32_t d = 0; d < k_data_sets; ++d) {
    for (std::size_t s = 0; s < seeds; ++s) {
      for (std::size_t u = 0; u < users; ++u) {
        table[s * users + u] = 0.1 + seed_sd * normals(d, s, 1'000'000)[0] + user_sd * normals(d, u, 2'000'000)[0] +
                               rest_sd * normals(d, u, static_cast<std::uint32_t>(s))[0];
      }
    }
    covered += crossed_estimate(table, seeds).interval(0.95).contains(0.1);
  }
  return covered;
}

TEST(Coverage, of_crossed_intervals_is_nominal_with_five_seeds) {
  expect_nominal(crossed_covered(5, 60, 0.05, 0.2, 0.1), "seeds and users");
  expect_nominal(crossed_covered(5, 60, 0.2, 0.05, 0.1), "mostly seeds");
}

// Satterthwaite's degrees are cautious when mean squares are few or cancel: too wide is allowed here, too narrow is
// not.
TEST(Coverage, of_crossed_intervals_never_falls_short_with_few_columns_or_an_absent_component) {
  EXPECT_GE(crossed_covered(5, 10, 0.1, 0.1, 0.1), 0.935 * k_data_sets) << "ten worlds";
  EXPECT_GE(crossed_covered(5, 60, 0.0, 0.2, 0.1), 0.935 * k_data_sets) << "identical seeds";
  EXPECT_GE(crossed_covered(5, 60, 0.1, 0.0, 0.1), 0.935 * k_data_sets) << "identical users";
  EXPECT_GE(crossed_covered(5, 60, 0.0, 0.0, 0.1), 0.935 * k_data_sets) << "pure noise";
}

}  // namespace
}  // namespace coldframe
