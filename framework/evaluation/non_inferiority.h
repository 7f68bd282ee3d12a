#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// What a gate may say about "the candidate is at most `margin` worse than the reference".
enum class NonInferiority { shown, refuted, undecided };
std::string_view to_string(NonInferiority outcome);

/// How much may be lost. A share is of the reference's own mean, which is then as uncertain as the candidate's.
struct Margin {
  double size = 0.0;  // >= 0
  enum class Of { difference, share } of = Of::difference;
};

struct NonInferiorityRules {
  BootstrapOptions bootstrap;      // its level is that of the two-sided interval
  std::size_t minimum_users = 30;  // fewer: undecided, whatever the numbers say
};

/// A judgement with what must stand beside it.
struct NonInferiorityJudgement {
  NonInferiority outcome = NonInferiority::undecided;
  Estimate difference;            // mean candidate - mean reference
  double allowed = 0.0;           // the margin as a difference, at the reference's mean
  double found_regression = 0.0;  // smallest true loss that this comparison refutes with 80 % power
};

/// Paired, users as units; larger is better. With slack = x_candidate - x_reference + margin per user (for a share:
/// x_candidate - (1 - margin) x_reference) and the bootstrap interval of its mean:
///   shown when low >= 0,  refuted when high < 0,  undecided otherwise.
/// A true loss L is refuted with power P at about L = margin + (z_{(1 + level)/2} + z_P) sd / sqrt(n), and no loss is
/// shown with power P when margin >= (z_{(1 + level)/2} + z_P) sd / sqrt(n): docs/guide/ci.md has the measured curve.
/// DataError when the columns differ in length; ConfigError for a margin below 0, and for a share above 1.
NonInferiorityJudgement judge_non_inferiority(std::span<const UserKey> users, std::span<const double> candidate,
                                              std::span<const double> reference, Margin margin,
                                              const NonInferiorityRules& rules);

}  // namespace coldframe
