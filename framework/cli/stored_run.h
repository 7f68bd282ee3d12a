#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/run_folder.h"
#include "framework/core/config.h"
#include "framework/reporting/run_record.h"

namespace coldframe {

/// A finished run, opened to be used: its configuration (config.ini, and what goes over it), its record, and on demand
/// its data and trained encoder. DataError when the folder is no run or the run is not finished.
class StoredRun {
 public:
  explicit StoredRun(const std::filesystem::path& folder, const ConfigSources& over_its_own = {});
  StoredRun(const StoredRun&) = delete;

  const RunFolder& folder() const { return folder_; }
  const Experiment& experiment() const { return experiment_; }
  const ResolvedConfig& config() const { return config_; }
  RunRecord& record() { return record_; }
  const RunRecord& record() const { return record_; }
  std::string name() const { return record_.summary.at("variant"); }
  /// 1 / temperature of the trained score.
  double scale() const { return record_.summary.at("model").at("scale"); }

  /// The weight of the item prior that role V chose; DataError when `coldframe evaluate` has not written one.
  double item_prior_weight() const;

  /// The encoder with the trained strategies of model/. DataError when data, encoder or tokenizer are not those of the
  /// training run.
  std::unique_ptr<Learner> load_learner() const { return load_trained(folder_.model()); }
  /// The encoder of a stream as it was after so many tasks (from 1), or with the weights of that task where every task
  /// has its own. DataError when the run has not kept it.
  std::unique_ptr<Learner> load_learner_after(std::size_t tasks_done) const;
  /// The same encoder as it came, without any strategy.
  std::unique_ptr<Learner> load_pretrained() const;
  /// Checks that the store at data.path is the one the run was trained on.
  std::unique_ptr<ExperimentData> load_data() const;

 private:
  std::unique_ptr<Learner> open(const Experiment& experiment) const;
  std::unique_ptr<Learner> load_trained(const std::filesystem::path& folder) const;

  RunFolder folder_;
  Experiment experiment_;
  ConfigSchema schema_;
  ResolvedConfig config_;
  RunRecord record_;
};

}  // namespace coldframe
