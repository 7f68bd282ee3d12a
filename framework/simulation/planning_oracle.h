#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "framework/simulation/oracle.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/taste_model.h"
#include "framework/simulation/user_dynamics.h"

namespace coldframe {

/// How the users live whose pages are planned: one session of simulation.pages pages, no queries, no ads, and the same
/// items all the time. Borrowed.
struct PlanningWorld {
  const TasteModel* taste = nullptr;
  const UserModel* user_model = nullptr;
  const UserDynamics* dynamics = nullptr;  // nullptr: users stay as they were born
  const SimulationOptions* options = nullptr;
};

/// Ceiling for worlds in which users change: the page with the highest expected number of clicks until the session
/// ends, given that all later pages are chosen as well, over all pages and all outcomes of each:
///   V(u) = max over slates of E[clicks] + sum over outcomes o of P(o) P(stays | o) V(u after o).
/// Nobody's exact expectation is higher, LatentOracle's included, which looks at one page only. Exponential in what it
/// looks ahead, so it is for at most 6 items and 4 pages. Thread-safety: const.
class PlanningOracle final : public LatentPolicy {
 public:
  static constexpr std::size_t k_most_items = 6;
  static constexpr std::size_t k_most_pages = 4;

  /// Throws ConfigError for more items or pages, or several sessions, between which the time is drawn.
  PlanningOracle(std::string name, const PlanningWorld& world);

  const std::string& name() const override { return name_; }
  void rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
            std::span<Slate> slates) const override;

  /// Expected clicks from the page of a request to the end of the session, for a user who is now as `latents`: of this
  /// policy, and exactly of any other. Of a stochastic policy all pages are tried, weighted by Policy::weigh().
  double best_total(const PolicyRequest& request, const Latents& latents) const;
  double expected_total(const PolicyRequest& request, const Latents& latents, const Policy& policy) const;
  double expected_total(const PolicyRequest& request, const Latents& latents, const LatentPolicy& policy) const;

 private:
  std::string name_;
  PlanningWorld world_;
};

}  // namespace coldframe
