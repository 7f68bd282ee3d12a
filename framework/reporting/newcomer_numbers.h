#pragma once

#include <memory>
#include <vector>

#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// Means, ratios and differences of all scorers at one k, from one paired bootstrap over the same users.
class ShotNumbers {
 public:
  ShotNumbers(const PooledRuns& runs, std::size_t shots, const BootstrapOptions& options);

  std::size_t shots() const { return shots_; }
  /// False when the scorer has no row at this k.
  bool has(const PooledScorer& scorer) const { return row_of(scorer) >= 0; }
  Estimate mean(const PooledScorer& scorer, std::size_t metric) const;
  Estimate ratio(const PooledScorer& a, const PooledScorer& b, std::size_t metric) const;
  Estimate difference(const PooledScorer& a, const PooledScorer& b, std::size_t metric) const;

 private:
  int row_of(const PooledScorer& scorer) const;
  std::size_t column(const PooledScorer& scorer, std::size_t metric) const;

  std::size_t shots_;
  std::size_t metrics_;
  std::vector<const PooledScorer*> rows_;
  std::unique_ptr<PairedBootstrap> bootstrap_;
};

/// One ShotNumbers per k of the runs, ascending. `runs` must outlive them.
std::vector<ShotNumbers> newcomer_numbers(const PooledRuns& runs, const BootstrapOptions& options);

}  // namespace coldframe
