#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "framework/simulation/dynamics_options.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/taste_model.h"

namespace coldframe {

/// What a user carries from page to page beside the latents they were born with. I items, L latent size.
struct UserCondition {
  std::uint32_t group = 0;
  std::vector<double> state;      // [L] z or topic shares; empty for an observer who cannot know it
  std::vector<double> taste;      // [I] utilities of that state
  std::vector<double> satiation;  // [I] utility lost for a while; empty: none
  double satisfaction = 0;
  double session_seconds = 0;  // spent in this session
  double session_budget_seconds = 0;
  std::uint32_t session_pages = 0;
  std::int64_t now = 0;  // unix seconds

  /// Utilities [I] as they are now: taste less satiation.
  std::vector<double> utilities() const;
};

/// What follows from a condition for the next step. Rules add up.
struct StepOdds {
  double leave_log_odds = 0;   // change of the log-odds of simulation.leave_probability
  double return_log_odds = 0;  // the same for simulation.return_probability
  double gap_factor = 1;       // on the gap between sessions
  bool session_ends = false;
};

/// A page as it was lived.
struct LivedPage {
  const ShownSlate& shown;
  double seconds = 0;
};

/// One way in which users change. Draws nothing: a change is a function of what was shown and clicked, so an observer
/// of the history can follow it. Thread-safety: const.
class DynamicsRule {
 public:
  virtual ~DynamicsRule() = default;
  virtual std::string_view name() const = 0;
  virtual void begin_session(UserCondition&) const {}
  virtual void after_page(const LivedPage&, UserCondition&) const {}
  virtual void pass_time(double /*seconds*/, UserCondition&) const {}
  virtual void weigh(const UserCondition&, StepOdds&) const {}
};

/// The rules of `[dynamics]`, composed in a fixed order; a rule of rate 0 is left out. Further rules can be added.
/// Ownership: borrows the taste.
class UserDynamics {
 public:
  /// ConfigError for a rule that could never show.
  UserDynamics(const DynamicsOptions& options, const SimulationOptions& simulation, const TasteModel& taste);
  void add(std::unique_ptr<DynamicsRule> rule) { rules_.push_back(std::move(rule)); }

  /// Users stay as they were born.
  bool still() const { return rules_.empty(); }
  std::vector<std::string_view> names() const;
  double taste_drift() const { return options_.taste_drift; }
  /// Seconds that a page with so many clicks takes.
  double page_seconds(double base, std::size_t clicks) const;

  UserCondition begin(std::uint32_t group, std::vector<double> state, std::vector<double> taste,
                      std::int64_t now) const;
  void begin_session(UserCondition& condition) const;
  void after_page(const LivedPage& page, UserCondition& condition) const;
  /// Moves the clock of the condition to `now`.
  void pass_time(std::int64_t now, UserCondition& condition) const;
  StepOdds weigh(const UserCondition& condition) const;

 private:
  DynamicsOptions options_;
  std::vector<std::unique_ptr<DynamicsRule>> rules_;
};

/// sigmoid(logit(p) + change): 0 and 1 stay, a change of 0 leaves p as it is.
double shifted_probability(double p, double change);

}  // namespace coldframe
