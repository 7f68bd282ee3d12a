#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace coldframe {

/// What a paired difference d(seed, world, user) between two strategies varies by:
///   d = mu + a_seed + b_world + g_(seed, world) + c_(user of a world) + e
/// so that the mean over S seeds, W worlds and U users of each has
///   Var = a / S + (b + c / U) / W + (g + e / U) / (S W).
struct VarianceComponents {
  double seed = 0.0;        // a; 0 with one seed: not measured
  double world = 0.0;       // b; 0 with one world: not measured
  double seed_world = 0.0;  // g
  double user = 0.0;        // c: what a user brings under every seed
  double rest = 0.0;        // e
  std::size_t seeds = 0;    // from how many it was measured
  std::size_t worlds = 0;
  std::size_t users = 0;  // per world

  /// May a claim about strategies be planned from them? Needs two seeds and two worlds.
  bool strategies() const { return seeds > 1 && worlds > 1; }
};

/// tables[w] is the world's [seeds, users] table of differences; every world has the same users per seed.
/// Mean squares of two-way layouts, inside each world and over the means of worlds; components below 0 are 0.
/// ConfigError when tables differ in size or are empty.
VarianceComponents measure_components(std::span<const std::vector<double>> tables, std::size_t seeds);

struct Design {
  std::size_t seeds = 1;
  std::size_t worlds = 1;
  std::size_t users = 1;  // per world
};

struct PowerTarget {
  double effect = 0.01;  // smallest effect of interest
  double alpha = 0.05;   // two-sided, per comparison
  double power = 0.8;
};

/// Smallest true difference that a design finds with the wanted power: (c_{1-alpha} + t_power) sqrt(Var), c the
/// critical_ratio() of the two-way layout that will judge the design (seeds x worlds, or seeds x users in one world), t
/// with Satterthwaite's degrees of freedom over its mean squares.
double detectable_effect(const VarianceComponents& components, const Design& design, const PowerTarget& target);

/// What things cost, in minutes: a trained seed, a user simulated for one seed in one world, and a fitted world.
struct DesignCost {
  double seed = 0.0;
  double user = 0.0;
  double world = 0.0;
  double of(const Design& design) const;
};

struct DesignLimits {
  std::size_t least_seeds = 5;  // as verdicts about strategies ask for
  std::size_t least_worlds = 10;
  std::size_t most_seeds = 50;
  std::size_t most_worlds = 100;
  std::size_t most_users = 10'000'000;
};

/// The cheapest design whose detectable effect is at most the target's; fewest seeds, then worlds among equals. Empty
/// when no design within the limits reaches it.
std::optional<Design> plan_design(const VarianceComponents& components, const PowerTarget& target,
                                  const DesignCost& cost, const DesignLimits& limits = {});

}  // namespace coldframe
