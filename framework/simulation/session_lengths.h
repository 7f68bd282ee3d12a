#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/evaluation/count_distribution.h"
#include "framework/simulation/judged_log.h"

namespace coldframe {

/// A distance of a log from a law, beside the one that 95 % of redraws of the law stay below.
struct Distance {
  double value = 0;
  double by_chance = 0;
};
Distance beside_chance(double value, std::vector<double> redrawn);

/// Pages per session: of a log, and of users who leave after every page with one probability, or when a session has
/// `most` pages.
CountDistribution session_lengths(std::span<const JudgedPage> pages);
CountDistribution constant_hazard_lengths(double leave_probability, std::size_t most);

/// The Kolmogorov-Smirnov distance of the former from the latter, beside that of as many sessions of the latter.
Distance session_length_distance(const CountDistribution& sessions, const CountDistribution& law, std::uint64_t seed,
                                 std::size_t redraws = 50);

}  // namespace coldframe
