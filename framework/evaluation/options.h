#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/evaluation/newcomers.h"
#include "framework/evaluation/verdict.h"

namespace coldframe {

/// How a newcomer's k interactions enter a user vector: profile and history encoded as one text, or the profile's
/// vector averaged with the cached vectors of the items. One choice for real newcomers and for simulated ones.
enum class UserVector { reencode, recompose };

/// The `[evaluation]` section: the k-shot table, its intervals, and what counts as a finding. `masked` and `tie_seed`
/// steer validation during training, so they belong to what a run is; the rest is asked of a run afterwards.
struct EvaluationOptions final : Options {
  std::vector<std::int64_t> shots = {0, 1, 3, 5, 10};
  std::int64_t masked = 10;
  std::string user_vector = "reencode";  // reencode | recompose
  std::vector<std::string> metrics = {"ndcg@10", "recall@20", "mrr@10"};
  std::int64_t coverage_at = 10;
  std::vector<std::string> groups;  // rules for the groups whose numbers are kept; empty: chosen from the data
  std::int64_t tie_seed = 17;
  std::int64_t batch_users = 64;
  std::int64_t replicates = 2000;
  std::int64_t bootstrap_seed = 1;
  std::int64_t permutations = 9999;
  double alpha = 0.05;
  double smallest_effect = 0.0;
  std::int64_t minimum_users = 30;
  std::int64_t minimum_seeds = 5;
  std::int64_t minimum_worlds = 10;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;

  UserVector user_vector_rule() const;
  NewcomerOptions newcomers() const;  // throws ConfigError for an unknown metric
  BootstrapOptions bootstrap() const;
  VerdictRules rules() const;
};

}  // namespace coldframe
