#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/data/dataset.h"
#include "framework/evaluation/tie_break.h"
#include "framework/simulation/population.h"
#include "framework/simulation/scored_policy.h"

namespace coldframe {

/// The profile pool as a table of users that baselines can read: row p is profile p, columns and kinds are those of the
/// real users. Columns that the attribute law does not know, and free text, are missing everywhere.
EntityTable pool_attributes(const PopulationObservables& observables, const EntityTable& real_users);

/// Lets a baseline fitted on real users of role T serve newcomers: it sees profile attributes and the likes so far.
/// Users with fewer likes than the baseline needs get the fallback, popularity as a rule. What a session began with
/// goes to the baseline, too, which may or may not read it. Ownership: owns the baseline, borrows the table of
/// profiles.
class BaselinePolicy final : public ScoredPolicy {
 public:
  /// fallback [I] scores; query_weight: of a query beside the likes.
  BaselinePolicy(std::string name, std::unique_ptr<Baseline> baseline, const EntityTable& profiles,
                 std::vector<float> fallback, TieBreak ties, double query_weight = 1.0);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return fallback_.size(); }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override;

 private:
  std::string name_;
  std::unique_ptr<Baseline> baseline_;
  const EntityTable* profiles_;
  std::vector<float> fallback_;
  double query_weight_;
};

}  // namespace coldframe
