#pragma once

#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

struct SimulationOptions;

/// The `[dynamics]` section: how users change while they use the platform. Everything here is assumed, never learnt
/// from ratings, and meant to be swept; a rate of 0 leaves a rule out, and with all rates 0 users stay as they are, bit
/// for bit. What leaving and returning start from stands in `[simulation]`.
struct DynamicsOptions final : Options {
  double taste_drift = 0.0;  // share of the way to the tastes a clicked item stands for
  double satiation = 0.0;    // utility that items wholly alike lose by a click
  double satiation_half_life_seconds = 3600.0;
  double satisfaction_rate = 0.3;    // weight of the newest page
  double satisfaction_target = 0.3;  // where a user starts, and what neither keeps nor drives away
  double leave_satisfaction = 0.0;   // log-odds of leaving after a page, lost per unit of satisfaction above the target
  double leave_fatigue = 0.0;        // log-odds of leaving gained per page of the session
  double return_satisfaction = 0.0;  // log-odds of coming back per unit of satisfaction above the target
  double return_speed = 0.0;         // gap between sessions times e^(-return_speed (satisfaction - target))
  double session_budget_seconds = 0.0;  // 0: none
  double click_seconds = 0.0;           // that a clicked item takes, beside simulation.page_seconds
  double click_bonus_seconds = 0.0;     // that a click adds to the budget of the session

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;

  /// Names of the rules that are on, with their rates, as in "taste_drift 0.1"; empty: users do not change.
  std::vector<std::string> active() const;
};

/// Throws ConfigError for a rule that could never show, such as a change of log-odds of a probability of 0 or 1.
void require_effective(const DynamicsOptions& dynamics, const SimulationOptions& simulation);

}  // namespace coldframe
