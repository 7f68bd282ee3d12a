#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/simulation/mix_drift_options.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/population.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {

/// Which profile a newcomer of a period has while the mix changes. A newcomer who is not of the new mix is the same
/// person as without a change. Thread-safety: const.
class PopulationMix {
 public:
  /// Throws ConfigError for an attribute or a level that newcomers do not have, and for weights that leave nobody.
  PopulationMix(const PopulationObservables& observables, const MixDriftOptions& options);

  /// Row of the profile pool.
  std::uint32_t profile(const SimulationRandom& random, UserKey user, std::uint32_t period) const;

  /// A level that the weights name, and its share of newcomers before the change and after it.
  struct Share {
    std::string attribute, level;
    double before = 0, after = 0;
  };
  const std::vector<Share>& shares() const { return shares_; }

 private:
  MixDriftOptions options_;
  std::vector<double> up_to_;  // [pool] cumulative shares after the change
  std::vector<Share> shares_;
};

}  // namespace coldframe
