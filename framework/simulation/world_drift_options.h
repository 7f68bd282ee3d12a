#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// How newcomers of two worlds follow each other over periods.
enum class DriftKind { none, sudden, gradual, incremental, recurring };

/// Of its name in a configuration.
DriftKind drift_kind(std::string_view name);
/// Weight of the new state in a period: the table of `[world_drift]` below.
double drift_weight(DriftKind kind, std::uint32_t period, std::int64_t at_period, std::int64_t over_periods);

/// The `[world_drift]` section: the law of taste changes from simulation.world to another world of the population
/// (assumed). A newcomer keeps the law of the period of arrival. Weight w of the new world in period p, t = p - at:
///   sudden       1 from `at_period` on
///   gradual      each newcomer belongs to the new world with probability w = (t + 1) / over_periods, at most 1
///   incremental  p(i | u) = (1 - w) p_old(i | u) + w p_new(i | u) with the same w
///   recurring    1 and 0 in turn, over_periods each, beginning with 1
struct WorldDriftOptions final : Options {
  std::string kind = "none";
  std::string to;
  std::int64_t at_period = 1;
  std::int64_t over_periods = 4;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  DriftKind drift() const { return drift_kind(kind); }
  double weight(std::uint32_t period) const { return drift_weight(drift(), period, at_period, over_periods); }
};

}  // namespace coldframe
