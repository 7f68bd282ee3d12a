#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "framework/simulation/observables.h"
#include "framework/simulation/planning_oracle.h"

namespace coldframe::detail {

/// A user before a page of a session.
struct Situation {
  UserCondition condition;
  std::vector<double> utilities;  // [I] now
  std::vector<ItemId> candidates;
  UserTime time;
};

/// What a page can lead to.
struct NextSituation {
  double probability = 0;  // of the outcome, and that the user stays
  std::vector<std::uint8_t> clicks;
  Situation situation;
};

/// Calls `visit` with every ordered page of `size` of the candidates.
void for_each_page(std::span<const ItemId> candidates, std::size_t size,
                   const std::function<void(std::span<const ItemId>)>& visit);

/// Follows all outcomes of all pages of a session. Thread-safety: none.
class OutcomeTree {
 public:
  explicit OutcomeTree(const PlanningWorld& world) : world_(&world) {}

  /// The user of a request, who has lived through the pages of its history.
  Situation at(const PolicyRequest& request, std::uint32_t group, std::span<const double> state,
               std::span<const double> utilities) const;
  std::size_t page_size(const Situation& at) const;
  double expected_clicks(const Situation& at, std::span<const ItemId> page) const;
  /// Outcomes after which the user stays for another page.
  std::vector<NextSituation> after(const Situation& at, std::span<const ItemId> page) const;

  struct Plan {
    double total = 0;  // expected clicks to the end of the session
    std::vector<ItemId> page;
  };
  Plan best(const Situation& at);

 private:
  bool changing() const { return world_->dynamics != nullptr && !world_->dynamics->still(); }
  void live(const ShownSlate& page, Situation& user, double& stays) const;
  double best_total(const Situation& at);

  const PlanningWorld* world_;
  std::unordered_map<std::string, double> totals_;  // of situations that were met before
};

}  // namespace coldframe::detail
