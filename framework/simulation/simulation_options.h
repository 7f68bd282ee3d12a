#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

class PolicyRegistry;

/// The `[simulation]` section: which newcomers meet which policies in which world. Everything marked assumed cannot be
/// learnt from ratings; the population card lists the range over which it should be swept.
struct SimulationOptions final : Options {
  std::int64_t seed = 1;
  std::int64_t users = 1000;
  std::int64_t first_user = 0;
  std::int64_t sessions = 1;
  std::int64_t pages = 10;  // per session
  std::int64_t slate_size = 10;
  std::int64_t given_likes = 0;         // likes known before the first page
  std::string clicked_items = "leave";  // leave | stay in the candidate set
  // world
  std::string world = "softmax-0";
  double lambda = 1.0;
  std::string roles = "disjoint";  // disjoint | closed_world
  // choices (assumed)
  std::string user_model = "mnl";    // mnl | iterated_logit | pbm | cascade | dcm | dbn
  double random_click_rate = 0.08;   // share of pages of the random policy with a click
  double popular_click_rate = 0.30;  // the same for the popularity policy
  std::int64_t calibration_users = 256;
  std::int64_t iterated_picks = 3;     // clicks per page at most
  double pbm_decay = 1.0;              // position k is examined with k^-decay
  double dcm_continue = 0.6;           // go on after a click at the first position
  double dcm_decay = 0.9;              // the same at position k: dcm_continue * dcm_decay^(k-1)
  double dbn_continue = 0.9;           // gamma: go on after a position without satisfaction
  double dbn_satisfaction = 0.3;       // of a clicked item that hardly attracts
  double dbn_satisfaction_gain = 0.5;  // added in proportion to the attraction
  // dynamics (assumed)
  double leave_probability = 0.0;   // after a page
  double return_probability = 1.0;  // for a next session
  double page_seconds = 60.0;
  double return_gap_seconds = 86400.0;  // mean of an exponential
  // policies
  std::vector<std::string> policies = {"random", "popularity", "oracle", "informed_oracle"};
  std::int64_t history_items = 10;      // newest likes in a user vector
  std::string scoring = "fp32";         // fp32 | int8: how encoders find the best items, which are the same
  std::int64_t oracle_draws = 1024;     // prior draws of the informed oracle
  std::int64_t oracle_candidates = 64;  // items the greedy informed oracle looks at closely
  // policies that learn while they are simulated
  std::int64_t bandit_dimension = 8;  // features of a profile, at most
  double bandit_ridge = 1.0;          // pseudo-impressions without a click
  double bandit_width = 1.0;          // how far bandit_ucb and bandit_thompson look beyond the mean
  // logs
  double log_share = 1.0;  // share of users whose pages are kept when a log is written
  // running
  std::int64_t threads = 0;  // 0: all cores
  std::int64_t block_users = 64;

  /// Names that `policies` may hold beside the built-in ones; not an option, nullptr: none. Borrowed.
  const PolicyRegistry* own_policies = nullptr;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

}  // namespace coldframe
