#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/simulation/observables.h"

namespace coldframe {

/// What a policy may look at to fill one page for one user: observables only.
struct PolicyRequest {
  UserKey user;
  std::uint32_t profile_row = 0;     // of the profile pool (of the users of a log): the key for cached profile vectors
  const Profile* profile = nullptr;  // nullptr for the user of a log
  const History* history = nullptr;
  const Query* query = nullptr;  // that the session began with; nullptr: the user browses
  UserTime time;
  std::span<const ItemId> candidates;  // available now and not yet taken, ascending
  std::size_t slate_size = 0;
};

/// An ordered slate with the log probability with which the policy shows exactly it: 0 for a deterministic policy.
/// position_log_propensity[k] = log pi(item k | items before it); their sum is log_propensity. position_log_marginal[k]
/// = log P(this item at position k, whatever stands above it); empty where that has no closed form.
struct Slate {
  std::vector<ItemId> items;
  double log_propensity = 0;
  std::vector<double> position_log_propensity;
  std::vector<double> position_log_marginal = {};
  std::vector<double> prices = {};  // per click, of sold places; 0 for the others; empty: no place was sold
};

/// Whether a slate is drawn at random: a deterministic log supports no inverse-propensity estimate.
enum class PolicyKind { deterministic, stochastic };

/// Fills pages. The answer for a request depends on that request alone, never on the others of the batch, on calls made
/// before, or on the thread: that makes a user replayable alone. A policy is frozen within a period (rank is const);
/// what it learns takes effect when the next period is replayed.
/// Thread-safety: rank() is called from several threads at once.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual const std::string& name() const = 0;
  virtual PolicyKind kind() const = 0;
  /// slates[i] answers requests[i] with min(slate_size, candidates) distinct candidates.
  virtual void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const = 0;
  /// How probable given slates are: fills all but the items of slates[i], which are distinct candidates of requests[i],
  /// as many as rank() would show; -infinity for what is never shown. For a deterministic policy it follows from
  /// rank(); a stochastic one overrides it, or this throws ConfigError.
  virtual void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const;
};

/// A slate shown for certain; into the memory of another one: without allocations once that is large enough.
Slate certain_slate(std::vector<ItemId> items);
void certain_slate(std::span<const ItemId> items, Slate& slate);

}  // namespace coldframe
