#include "framework/simulation/dynamics_options.h"

#include <fmt/format.h>

#include "framework/core/error.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

void describe_taste(DynamicsOptions& o, OptionVisitor& v) {
  v.visit({.name = "taste_drift",
           .doc = "share of the way that a click moves a user's taste to the tastes the item stands for (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.taste_drift);
  v.visit({.name = "satiation",
           .doc = "utility that items alike lose by a click, in proportion to their likeness (assumed)",
           .minimum = 0,
           .maximum = 100},
          o.satiation);
  v.visit({.name = "satiation_half_life_seconds",
           .doc = "time in which half of the satiation is gone (assumed)",
           .unit = "seconds",
           .minimum = 0,
           .maximum = 1e9,
           .minimum_exclusive = true},
          o.satiation_half_life_seconds);
}

void describe_sessions(DynamicsOptions& o, OptionVisitor& v) {
  v.visit({.name = "satisfaction_rate",
           .doc = "weight of the newest page in satisfaction, the running share of pages with a click (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.satisfaction_rate);
  v.visit({.name = "satisfaction_target",
           .doc = "satisfaction that neither keeps nor drives away; where users start (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.satisfaction_target);
  v.visit({.name = "leave_satisfaction",
           .doc = "log-odds of leaving lost per unit of satisfaction above the target (assumed)",
           .minimum = 0,
           .maximum = 100},
          o.leave_satisfaction);
  v.visit({.name = "leave_fatigue",
           .doc = "log-odds of leaving gained per page of the session (assumed)",
           .minimum = 0,
           .maximum = 100},
          o.leave_fatigue);
  v.visit({.name = "return_satisfaction",
           .doc = "log-odds of coming back gained per unit of satisfaction above the target (assumed)",
           .minimum = 0,
           .maximum = 100},
          o.return_satisfaction);
  v.visit({.name = "return_speed",
           .doc = "the gap between sessions is multiplied by e^(-return_speed (satisfaction - target)) (assumed)",
           .minimum = 0,
           .maximum = 10},
          o.return_speed);
  v.visit({.name = "session_budget_seconds",
           .doc = "time after which a session ends; 0 for none (assumed)",
           .unit = "seconds",
           .minimum = 0,
           .maximum = 1e9},
          o.session_budget_seconds);
  v.visit({.name = "click_seconds",
           .doc = "time that a clicked item takes beside the page (assumed)",
           .unit = "seconds",
           .minimum = 0,
           .maximum = 1e6},
          o.click_seconds);
  v.visit({.name = "click_bonus_seconds",
           .doc = "time that a click adds to the budget of the session (assumed)",
           .unit = "seconds",
           .minimum = 0,
           .maximum = 1e6},
          o.click_bonus_seconds);
}

void require_probability(const char* key, double rate, const char* base, double probability) {
  if (rate == 0 || (probability > 0 && probability < 1)) return;
  throw ConfigError(fmt::format("dynamics.{} = {}", key, rate),
                    fmt::format("has no effect while simulation.{} = {}", base, probability),
                    fmt::format("choose simulation.{} between 0 and 1", base));
}

}  // namespace

void DynamicsOptions::describe(OptionVisitor& visitor) {
  describe_taste(*this, visitor);
  describe_sessions(*this, visitor);
}

std::vector<Problem> DynamicsOptions::validate() const {
  std::vector<Problem> problems;
  if (satisfaction_rate == 0 && (leave_satisfaction > 0 || return_satisfaction > 0 || return_speed > 0)) {
    problems.push_back(
        {"satisfaction_rate", "(satisfaction would never move, but leaving or returning follow it) try 0.3"});
  }
  if (click_bonus_seconds > 0 && session_budget_seconds == 0) {
    problems.push_back(
        {"click_bonus_seconds", "(dynamics.session_budget_seconds = 0: there is no budget to add to) set a budget"});
  }
  return problems;
}

std::vector<std::string> DynamicsOptions::active() const {
  std::vector<std::string> rules;
  const auto add = [&](const char* name, double rate) {
    if (rate > 0) rules.push_back(fmt::format("{} {}", name, rate));
  };
  add("taste_drift", taste_drift);
  add("satiation", satiation);
  add("leave_satisfaction", leave_satisfaction);
  add("leave_fatigue", leave_fatigue);
  add("return_satisfaction", return_satisfaction);
  add("return_speed", return_speed);
  add("session_budget_seconds", session_budget_seconds);
  add("click_seconds", click_seconds);
  return rules;
}

void require_effective(const DynamicsOptions& dynamics, const SimulationOptions& simulation) {
  require_probability("leave_satisfaction", dynamics.leave_satisfaction, "leave_probability",
                      simulation.leave_probability);
  require_probability("leave_fatigue", dynamics.leave_fatigue, "leave_probability", simulation.leave_probability);
  require_probability("return_satisfaction", dynamics.return_satisfaction, "return_probability",
                      simulation.return_probability);
  if ((dynamics.return_satisfaction > 0 || dynamics.return_speed > 0) && simulation.sessions == 1) {
    throw ConfigError("simulation.sessions = 1",
                      "nobody could return, but dynamics.return_satisfaction or return_speed are set",
                      "allow several sessions");
  }
  if (dynamics.return_speed > 0 && simulation.return_gap_seconds == 0) {
    throw ConfigError(fmt::format("dynamics.return_speed = {}", dynamics.return_speed),
                      "has no effect while simulation.return_gap_seconds = 0", "set the gap between sessions");
  }
}

}  // namespace coldframe
