#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/comm/comm_options.h"
#include "framework/core/options.h"

namespace coldframe {

/// `[experiment]`: names and seeds of a run, and where its folder goes.
struct ExperimentOptions final : Options {
  std::string root = "runs";
  std::string name = "experiment";
  std::string variant;  // empty: the strategies in use, joined by "+"
  std::int64_t seed = 1;

  void describe(OptionVisitor& visitor) override;
  /// A run folder lies below the root, whatever the names.
  std::vector<Problem> validate() const override;
};

/// `[strategy]`: which instances of the family are attached.
struct StrategyChoice final : Options {
  std::vector<std::string> use = {"lora"};
  bool frozen_dropout = true;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[objective]`
struct ObjectiveChoice final : Options {
  std::string use = "contrastive";
  std::int64_t replicate_below = 1024;

  void describe(OptionVisitor& visitor) override;
};

/// `[training]`: what the anchors look like and how role V steers the run.
struct TrainingOptions final : Options {
  std::vector<std::int64_t> history_sizes = {0, 0, 1, 3, 5};
  std::int64_t validate_every = 0;
  std::int64_t patience = 0;
  std::vector<std::string> text_noise;  // kinds; empty: texts as they are
  double text_noise_share = 0.5;
  double text_noise_severity = 0.1;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[fairness]`: groups of users whose losses training evens out.
struct FairTrainingOptions final : Options {
  std::string group;  // a rule over attributes (attribute_groups.h); empty: none
  double reweight = 0;
  double gap_penalty = 0;

  bool active() const { return !group.empty(); }
  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[distributed]`: ranks, threads and deadlines; none of it can change a result.
struct DistributedOptions final : Options {
  std::int64_t threads = 0;
  CommOptions comm;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override { return comm.validate(); }
};

}  // namespace coldframe
