#pragma once

#include <memory>
#include <optional>
#include <string>

#include "framework/cli/newcomer_vectors.h"
#include "framework/cli/stored_run.h"
#include "framework/cli/subcommand.h"
#include "framework/reporting/fairness_report.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// The people of role H who have enough likes to be tested. DataError when there is nobody.
NewcomerSet held_out_newcomers(const Experiment& experiment, const ExperimentData& data);

/// A finished run with everything that ranks its real newcomers of role H: data, trained encoder, texts, threads.
class OpenedRun {
 public:
  /// `threads` 0: as many as the machine offers. DataError when nobody of role H has enough likes.
  OpenedRun(const std::string& folder, std::int64_t threads, const Invocation& invocation);

  const StoredRun& run() const { return run_; }
  const Experiment& experiment() const { return run_.experiment(); }
  const ExperimentData& data() const { return *data_; }
  const TokenizedTexts& texts() const { return *texts_; }
  const NewcomerSet& newcomers() const { return *newcomers_; }
  std::size_t items() const { return data_->dataset.items.size(); }
  /// Draws a progress line while it encodes.
  BulkEncoder encoder() const;
  /// The weight of the item prior that `coldframe evaluate` chose on role V; empty before.
  std::optional<double> prior_weight() const;
  /// Folder name for messages and file names.
  const std::string& folder() const { return folder_; }
  /// What two runs must share before they stand in one table: data and role H.
  std::string people() const;
  const Clock& clock() const { return clock_; }

 private:
  std::string folder_;
  const Group& group_;
  const Clock& clock_;
  StoredRun run_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<TokenizedTexts> texts_;
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<NewcomerSet> newcomers_;
};

/// The weight of the item prior that `coldframe evaluate` chose; empty before.
std::optional<double> prior_weight_of(const StoredRun& run);

/// Utilities and lists of one scorer for all newcomers at one k.
ServedScorer serve(const OpenedRun& run, NewcomerScorer& scorer, std::size_t shots, MetricCut utility,
                   std::size_t length);

}  // namespace coldframe
