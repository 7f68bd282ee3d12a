#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "framework/cli/encoder_contestant.h"
#include "framework/cli/named_policies.h"

namespace coldframe {

/// The users of a log as policies read them: columns and kinds of `real_users`, those that the log lacks missing
/// everywhere.
EntityTable users_like(const EntityTable& logged, const EntityTable& real_users);

/// The policies that a log is asked about: those named, and the trained encoder of every run with what policies based
/// on `encoder` or `encoder_with_prior` make of it. Making it encodes texts. Borrows its setting and the runs.
class LoggedTargets {
 public:
  LoggedTargets(const EncoderContestant::Setting& setting, const Dataset& log, std::span<const std::string> policies,
                std::span<const std::unique_ptr<StoredRun>> runs);

  std::span<const std::shared_ptr<const Policy>> policies() const { return policies_; }

 private:
  void require_names_differ() const;
  NamedPolicies named_;
  std::vector<std::unique_ptr<EncoderContestant>> encoders_;
  std::vector<std::shared_ptr<const Policy>> policies_;
};

/// Keys of the people that any of these policies learned from: roles T and V of the data for baselines, those of its
/// record for a run. What a policy did to its own teachers is no estimate of what it would do to others.
std::unordered_set<std::uint64_t> teachers(const ExperimentData& data, std::span<const std::string> policies,
                                           std::span<const std::unique_ptr<StoredRun>> runs);

}  // namespace coldframe
