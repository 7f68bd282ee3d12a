#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/options.h"
#include "framework/simulation/world_drift_options.h"

namespace coldframe {

/// One entry of mix_drift.weights: "occupation:student=2.5".
struct LevelWeight {
  std::string attribute, level;
  double weight = 1;
};

/// The `[mix_drift]` section: who arrives changes over periods (assumed). From `at_period` on newcomers come from a mix
/// in which a profile has the product of the weights of its levels, 1 for levels not named, with probability w(period)
/// as in `[world_drift]`, and from the mix of the population else.
struct MixDriftOptions final : Options {
  std::string kind = "none";  // none | sudden | gradual | recurring
  std::vector<std::string> weights;
  std::int64_t at_period = 1;
  std::int64_t over_periods = 4;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  bool active() const { return kind != "none"; }
  double weight(std::uint32_t period) const;
};

/// Nothing when the text is no ATTRIBUTE:LEVEL=NUMBER with a number of at least 0.
std::optional<LevelWeight> parse_level_weight(std::string_view text);

}  // namespace coldframe
