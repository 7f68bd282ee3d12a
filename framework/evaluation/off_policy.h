#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/logged_pages.h"

namespace coldframe {

/// Estimators of the mean reward per page of a policy pi_e from pages that another policy pi_b chose, with
/// w = pi_e(slate) / pi_b(slate), R the reward of a page, E_n the mean over pages (definitions as in obp):
///   ips            E_n[w R]                                needs no assumption; of slates it is SIPS
///   capped_ips     E_n[min(cap, w) R]                      biased where weights are cut
///   snips          E_n[w R] / E_n[w]
///   direct         E_n[q(pi_e)]                            as wrong as the model q
///   doubly_robust  E_n[q(pi_e) + w (R - q(shown))]
///   iips           E_n[sum_k (marginal ratio at k) r_k]    only where positions do not depend on one another
///   rips           E_n[sum_k (ratio of items 1..k) r_k]    where what is below a position does not matter (cascade);
///                  never where places were sold
enum class OffPolicyEstimator { ips, capped_ips, snips, direct, doubly_robust, iips, rips };
std::string_view to_string(OffPolicyEstimator estimator);

struct OffPolicyRules {
  double level = 0.95;
  double cap = 10.0;                  // of capped_ips
  double largest_weight = 20.0;       // above it an estimate is refused
  double effective_sample = 500.0;    // below it too
  double mean_weight_level = 0.9999;  // and where this interval of the mean weight misses 1
};

/// Interval: Student's t over users (their pages summed first), ratios linearised around the estimate.
struct OffPolicyEstimate {
  OffPolicyEstimator estimator = OffPolicyEstimator::ips;
  double value = 0.0;
  double standard_error = 0.0;
  Interval interval;
  WeightDiagnostics weights;  // those the estimator uses; of iips and rips the worst position
  std::string refusal;        // why the numbers must not be used; empty: nothing speaks against them

  bool usable() const { return refusal.empty(); }
};

/// Every estimator that the log has the columns for, and no rips where places were sold, in the order of the
/// enumeration. Throws DataError for missing propensities, for a log of a deterministic policy (all propensities 1),
/// which says nothing about what was not shown, and for fewer than two users.
std::vector<OffPolicyEstimate> estimate_off_policy(const LoggedPages& log, const OffPolicyRules& rules = {});

}  // namespace coldframe
