#include "framework/simulation/session_dynamics.h"

#include <algorithm>
#include <cmath>

namespace coldframe {
namespace {

double clicks_of(const LivedPage& page) {
  return static_cast<double>(std::count(page.shown.clicks.begin(), page.shown.clicks.end(), std::uint8_t{1}));
}

}  // namespace

void Satisfaction::after_page(const LivedPage& page, UserCondition& condition) const {
  const double pleased = clicks_of(page) > 0 ? 1.0 : 0.0;
  condition.satisfaction += options_.rate * (pleased - condition.satisfaction);
}

void Satisfaction::weigh(const UserCondition& condition, StepOdds& odds) const {
  const double excess = condition.satisfaction - options_.target;
  odds.leave_log_odds -= options_.leave * excess;
  odds.return_log_odds += options_.come_back * excess;
  odds.gap_factor *= std::exp(-options_.speed * excess);
}

void Fatigue::weigh(const UserCondition& condition, StepOdds& odds) const {
  odds.leave_log_odds += per_page_ * condition.session_pages;
}

void SessionBudget::after_page(const LivedPage& page, UserCondition& condition) const {
  condition.session_budget_seconds += click_bonus_seconds_ * clicks_of(page);
}

void SessionBudget::weigh(const UserCondition& condition, StepOdds& odds) const {
  if (condition.session_seconds >= condition.session_budget_seconds) odds.session_ends = true;
}

}  // namespace coldframe
