#pragma once

#include "framework/simulation/user_dynamics.h"

namespace coldframe {

struct SatisfactionOptions {
  double rate = 0.3;
  double target = 0.3;
  double leave = 0;  // log-odds per unit
  double come_back = 0;
  double speed = 0;
  bool matters() const { return leave > 0 || come_back > 0 || speed > 0; }
};

/// Satisfaction s is a running share of pages with a click, s' = s + rate (1[click] - s), and starts at the target.
/// Excess e = s - target: leaving loses leave * e of its log-odds, coming back gains come_back * e, and the gap
/// between sessions is multiplied by exp(-speed * e).
class Satisfaction final : public DynamicsRule {
 public:
  explicit Satisfaction(const SatisfactionOptions& options) : options_(options) {}
  std::string_view name() const override { return "satisfaction"; }
  void after_page(const LivedPage& page, UserCondition& condition) const override;
  void weigh(const UserCondition& condition, StepOdds& odds) const override;

 private:
  SatisfactionOptions options_;
};

/// Every page of a session adds `per_page` to the log-odds of leaving; a new session starts fresh.
class Fatigue final : public DynamicsRule {
 public:
  explicit Fatigue(double per_page) : per_page_(per_page) {}
  std::string_view name() const override { return "fatigue"; }
  void weigh(const UserCondition& condition, StepOdds& odds) const override;

 private:
  double per_page_;
};

/// A session ends with the first page after which the time spent has reached the budget; a click adds a bonus to it.
class SessionBudget final : public DynamicsRule {
 public:
  SessionBudget(double seconds, double click_bonus_seconds)
      : seconds_(seconds), click_bonus_seconds_(click_bonus_seconds) {}
  std::string_view name() const override { return "session_budget"; }
  void begin_session(UserCondition& condition) const override { condition.session_budget_seconds = seconds_; }
  void after_page(const LivedPage& page, UserCondition& condition) const override;
  void weigh(const UserCondition& condition, StepOdds& odds) const override;

 private:
  double seconds_;
  double click_bonus_seconds_;
};

}  // namespace coldframe
