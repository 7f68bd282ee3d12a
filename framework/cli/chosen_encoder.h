#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/cli/learner.h"
#include "framework/cli/stored_run.h"

namespace coldframe {

/// The encoder that a command was told to use: that of a trained run with the run's own texts and limits, or a
/// pretrained one as it came.
class ChosenEncoder {
 public:
  static ChosenEncoder of_run(const std::string& folder, const ConfigSources& over_its_own);
  /// `experiment` holds the sections that count: text, encoder, batch.
  static ChosenEncoder pretrained(const Experiment& experiment, const ResolvedConfig& config);

  Learner& learner() const { return *learner_; }
  const Experiment& experiment() const { return run_ ? run_->experiment() : *pretrained_; }
  /// The variant of the run, or the name of the folder.
  std::string name() const;
  /// Which encoder this is: folder, checksums, precision, and the run when there is one.
  nlohmann::json provenance() const;

 private:
  ChosenEncoder() = default;
  std::unique_ptr<StoredRun> run_;
  const Experiment* pretrained_ = nullptr;
  std::unique_ptr<Learner> learner_;
};

}  // namespace coldframe
