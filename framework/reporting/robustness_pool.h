#pragma once

#include <string>
#include <vector>

#include "framework/reporting/robustness_report.h"

namespace coldframe {

/// Newcomers of one variant over its folds, with what noise did to them.
struct RobustnessPool {
  std::string variant;
  std::string folder;  // of the first run
  std::vector<UserKey> users;
  std::vector<RobustnessSeries> series;
  std::vector<CertifiedSeries> certified;

  /// Whether somebody stands in both.
  bool shares_people(const RobustnessPool& other) const;
};

/// Adds a run to the first pool of its variant that has none of its newcomers (another fold), or begins one. Shares and
/// stabilities of lists become means over all newcomers. DataError when the runs were not put to the same noise, or one
/// has a score with item prior that the other lacks.
void add_to_pools(RobustnessPool run, std::vector<RobustnessPool>& pools);

/// DataError unless all pools hold the same newcomers, so that they may stand in one table.
void require_same_people(const std::vector<RobustnessPool>& pools);

}  // namespace coldframe
