#include "framework/simulation/user_dynamics.h"

#include <cmath>
#include <utility>

#include "framework/simulation/session_dynamics.h"
#include "framework/simulation/taste_dynamics.h"

namespace coldframe {

std::vector<double> UserCondition::utilities() const {
  std::vector<double> all = taste;
  for (std::size_t i = 0; i < satiation.size(); ++i) all[i] -= satiation[i];
  return all;
}

UserDynamics::UserDynamics(const DynamicsOptions& options, const SimulationOptions& simulation, const TasteModel& taste)
    : options_(options) {
  require_effective(options, simulation);
  if (options.taste_drift > 0) add(std::make_unique<TasteDrift>(taste, options.taste_drift));
  if (options.satiation > 0) {
    add(std::make_unique<Satiation>(taste, options.satiation, options.satiation_half_life_seconds));
  }
  const SatisfactionOptions satisfaction{options.satisfaction_rate, options.satisfaction_target,
                                         options.leave_satisfaction, options.return_satisfaction, options.return_speed};
  if (satisfaction.matters()) add(std::make_unique<Satisfaction>(satisfaction));
  if (options.leave_fatigue > 0) add(std::make_unique<Fatigue>(options.leave_fatigue));
  if (options.session_budget_seconds > 0) {
    add(std::make_unique<SessionBudget>(options.session_budget_seconds, options.click_bonus_seconds));
  }
}

std::vector<std::string_view> UserDynamics::names() const {
  std::vector<std::string_view> names;
  for (const auto& rule : rules_) names.push_back(rule->name());
  return names;
}

double UserDynamics::page_seconds(double base, std::size_t clicks) const {
  return base + options_.click_seconds * static_cast<double>(clicks);
}

UserCondition UserDynamics::begin(std::uint32_t group, std::vector<double> state, std::vector<double> taste,
                                  std::int64_t now) const {
  UserCondition condition;
  condition.group = group;
  condition.state = std::move(state);
  condition.taste = std::move(taste);
  condition.satisfaction = options_.satisfaction_target;
  condition.now = now;
  begin_session(condition);
  return condition;
}

void UserDynamics::begin_session(UserCondition& condition) const {
  condition.session_seconds = 0;
  condition.session_pages = 0;
  for (const auto& rule : rules_) rule->begin_session(condition);
}

void UserDynamics::after_page(const LivedPage& page, UserCondition& condition) const {
  condition.session_seconds += page.seconds;
  ++condition.session_pages;
  for (const auto& rule : rules_) rule->after_page(page, condition);
}

void UserDynamics::pass_time(std::int64_t now, UserCondition& condition) const {
  const auto seconds = static_cast<double>(now - condition.now);
  condition.now = now;
  for (const auto& rule : rules_) rule->pass_time(seconds, condition);
}

StepOdds UserDynamics::weigh(const UserCondition& condition) const {
  StepOdds odds;
  for (const auto& rule : rules_) rule->weigh(condition, odds);
  return odds;
}

double shifted_probability(double p, double change) {
  if (change == 0 || p == 0 || p == 1) return p;
  return 1.0 / (1.0 + (1.0 - p) / p * std::exp(-change));
}

}  // namespace coldframe
