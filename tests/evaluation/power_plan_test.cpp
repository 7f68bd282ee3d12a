#include "framework/evaluation/power_plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/crossed_interval.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

/// Differences with known components: a table [seeds, users] per world.
std::vector<std::vector<double>> draw(const VarianceComponents& c, const Design& design, double effect,
                                      std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::population);
  const auto normal = [&](std::uint64_t what, std::size_t a, std::size_t b, std::size_t u, double variance) {
    const PhiloxBlock words = random.block(UserKey(what), static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b),
                                           static_cast<std::uint32_t>(u));
    return std::sqrt(variance) * standard_normals(words[0], words[1])[0];
  };
  std::vector<std::vector<double>> tables(design.worlds);
  for (std::size_t w = 0; w < design.worlds; ++w) {
    for (std::size_t s = 0; s < design.seeds; ++s) {
      const double cell =
          effect + normal(1, s, 0, 0, c.seed) + normal(2, 0, w, 0, c.world) + normal(3, s, w, 0, c.seed_world);
      for (std::size_t u = 0; u < design.users; ++u) {
        tables[w].push_back(cell + normal(4, 0, w, u, c.user) + normal(5, s, w, u, c.rest));
      }
    }
  }
  return tables;
}

VarianceComponents known() {
  VarianceComponents c;
  c.seed = 0.0004, c.world = 0.0009, c.seed_world = 0.0002, c.user = 0.04, c.rest = 0.09;
  return c;
}

TEST(PowerPlan, components_are_recovered) {
  // Means over 200 replications of 6 x 8 x 50; what is cut at 0 adds a little.
  VarianceComponents mean;
  constexpr int replications = 200;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    const VarianceComponents c = measure_components(draw(known(), {6, 8, 50}, 0.0, seed), 6);
    mean.seed += c.seed / replications;
    mean.world += c.world / replications;
    mean.seed_world += c.seed_world / replications;
    mean.user += c.user / replications;
    mean.rest += c.rest / replications;
  }
  EXPECT_NEAR(mean.seed, 0.0004, 0.0001);
  EXPECT_NEAR(mean.world, 0.0009, 0.0002);
  EXPECT_NEAR(mean.seed_world, 0.0002, 0.0001);
  EXPECT_NEAR(mean.user, 0.04, 0.002);
  EXPECT_NEAR(mean.rest, 0.09, 0.002);
}

TEST(PowerPlan, detectable_effects_by_hand) {
  // One seed, one world: users alone. 400 users of variance 4: (1.96594 + .84263) * .1, t with 399 degrees of freedom.
  VarianceComponents users;
  users.user = 4;
  const double by_t = student_t_quantile(0.975, 399) + student_t_quantile(0.8, 399);
  EXPECT_NEAR(detectable_effect(users, {1, 1, 400}, {}), by_t * 0.1, 1e-9);
  EXPECT_NEAR(by_t, 2.8086, 1e-3);
  // Seeds alone: 5 of variance .01, t with 4 degrees of freedom: (2.7764 + .9410) sqrt(.002).
  VarianceComponents seeds;
  seeds.seed = 0.01;
  EXPECT_NEAR(detectable_effect(seeds, {5, 1, 1000}, {}), (2.7764 + 0.9410) * std::sqrt(0.002), 1e-4);
}

TEST(PowerPlan, a_planned_study_finds_the_effect_as_often_as_planned) {
  // Plan for the known components, then run the planned study 2,000 times with the effect and without it.
  const PowerTarget target{0.05, 0.05, 0.8};
  const std::optional<Design> design = plan_design(known(), target, {1.0, 0.0001}, {5, 5, 60, 60, 2000});
  ASSERT_TRUE(design.has_value());
  double found = 0, false_alarms = 0;
  constexpr int replications = 2000;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    for (const double effect : {0.05, 0.0}) {
      // The mean of a cell is all that a judgement sees of its users; drawn directly it has this law.
      VarianceComponents cells = known();
      cells.world += cells.user / static_cast<double>(design->users);
      cells.seed_world += cells.rest / static_cast<double>(design->users);
      cells.user = cells.rest = 0;
      const auto tables = draw(cells, {design->seeds, design->worlds, 1}, effect, seed);
      std::vector<double> means(design->seeds * design->worlds);
      for (std::size_t w = 0; w < design->worlds; ++w) {
        for (std::size_t s = 0; s < design->seeds; ++s) means[s * design->worlds + w] = tables[w][s];
      }
      const bool rejects = crossed_estimate(means, design->seeds).p_value() < target.alpha;
      (effect > 0 ? found : false_alarms) += rejects ? 1.0 / replications : 0.0;
    }
  }
  EXPECT_GE(found, 0.75);  // the critical ratio of few seeds is an approximation from below
  EXPECT_LE(found, 0.92);  // no design twice as large as needed
  EXPECT_LE(false_alarms, 0.065);
}

TEST(PowerPlan, plans_are_the_cheapest_that_do) {
  const PowerTarget target{0.05, 0.05, 0.8};
  const DesignLimits limits{2, 2, 12, 12, 300};
  const DesignCost cost{30.0, 0.01};
  const std::optional<Design> plan = plan_design(known(), target, cost, limits);
  ASSERT_TRUE(plan.has_value());
  EXPECT_LE(detectable_effect(known(), *plan, target), target.effect);
  double cheapest = 1e300;
  for (std::size_t s = 2; s <= 12; ++s) {
    for (std::size_t w = 2; w <= 12; ++w) {
      for (std::size_t u = 1; u <= 300; ++u) {
        if (detectable_effect(known(), {s, w, u}, target) <= target.effect)
          cheapest = std::min(cheapest, cost.of({s, w, u}));
      }
    }
  }
  EXPECT_NEAR(cost.of(*plan), cheapest, 1e-9);
  // A smaller effect costs more, an impossible one has no plan.
  const std::optional<Design> finer = plan_design(known(), {0.03, 0.05, 0.8}, cost, {2, 2, 60, 60, 5000});
  ASSERT_TRUE(finer.has_value());
  EXPECT_GT(cost.of(*finer), cost.of(*plan));
  EXPECT_FALSE(plan_design(known(), {0.001, 0.05, 0.8}, cost, limits).has_value());
  EXPECT_THROW(plan_design(known(), {0.0, 0.05, 0.8}, cost, limits), ConfigError);
}

TEST(PowerPlan, one_seed_or_one_world_says_nothing_about_strategies) {
  const VarianceComponents one_seed = measure_components(draw(known(), {1, 4, 40}, 0, 3), 1);
  EXPECT_FALSE(one_seed.strategies());
  EXPECT_EQ(one_seed.seed, 0.0);
  EXPECT_FALSE(measure_components(draw(known(), {4, 1, 40}, 0, 3), 4).strategies());
  EXPECT_TRUE(measure_components(draw(known(), {2, 2, 40}, 0, 3), 2).strategies());
  std::vector<std::vector<double>> uneven = draw(known(), {2, 2, 40}, 0, 3);
  uneven[1].pop_back();
  EXPECT_THROW(measure_components(uneven, 2), ConfigError);
  EXPECT_THROW(measure_components({}, 1), ConfigError);
}

}  // namespace
}  // namespace coldframe
