#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// What may be said about a difference "first - second" (docs/guide/protocol.md, "What may be claimed").
enum class Verdict { better, worse, equivalent, undecided, not_claimed };
std::string_view to_string(Verdict verdict);

struct VerdictRules {
  double alpha = 0.05;           // family-wise, after Holm
  double smallest_effect = 0.0;  // a winner must clear it; 0: any effect counts and nothing is "equivalent"
  std::size_t minimum_users = 30;
  std::size_t minimum_seeds = 5;
  std::size_t minimum_worlds = 10;
  std::size_t permutations = 9999;
  BootstrapOptions bootstrap;  // its level is replaced by 1 - alpha
};

/// A verdict with everything that must stand beside it.
struct Judgement {
  std::string name;
  Verdict verdict = Verdict::not_claimed;
  std::string reason;   // one line for the report
  Estimate difference;  // first - second
  double p_value = 1.0;
  double holm_p_value = 1.0;  // over the displayed family
  double minimum_detectable_effect = 0.0;
};

/// Two checkpoints on the same users: what is sampled is the users.
struct CheckpointComparison {
  std::string name;
  std::span<const UserKey> users;
  std::span<const double> first;   // one value per user
  std::span<const double> second;  // of the same users
};

/// "These checkpoints": paired bootstrap interval, sign-flip test against the margin of the smallest effect, Holm over
/// the family; equivalence by two one-sided tests (the 1 - 2 alpha interval inside the margin).
std::vector<Judgement> judge_checkpoints(std::span<const CheckpointComparison> family, const VerdictRules& rules);

enum class Sampled { users, worlds };

/// Two strategies over training seeds, on real users or on refitted worlds.
struct StrategyComparison {
  std::string name;
  std::size_t seeds = 0;
  Sampled columns = Sampled::users;
  std::span<const double> differences;  // [seeds, columns], one per seed and user (or mean over users of a world)
};

/// "These strategies": crossed seeds x users (or worlds), t interval with Satterthwaite's degrees of freedom, p
/// averaged over what the variances may be (CrossedEstimate). Not claimed with fewer seeds or worlds than the rules ask
/// for, whatever the numbers say.
std::vector<Judgement> judge_strategies(std::span<const StrategyComparison> family, const VerdictRules& rules);

}  // namespace coldframe
