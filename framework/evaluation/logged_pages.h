#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// What off-policy estimators look at: pages that a logging policy pi_b chose, and what the policy pi_e under
/// evaluation thinks of them. N pages, R shown items of all pages together, K items of a page. A page is one context of
/// its own: history and candidates are those of the log.
struct LoggedPages {
  std::vector<UserKey> user;           // [N] pages of a user correlate: the user is the unit
  std::vector<std::size_t> end;        // [N] end of a page in the columns below
  std::vector<double> reward;          // [R] of each position
  std::vector<double> log_logging;     // [R] log pi_b(item k | items before it); NaN when unknown
  std::vector<double> log_evaluation;  // [R] log pi_e(item k | items before it); -infinity: never
  // Marginals log P(item at position k); empty or NaN where there is no closed form.
  std::vector<double> log_logging_marginal;
  std::vector<double> log_evaluation_marginal;
  // A model q of the reward of a page; empty: none.
  std::vector<double> model_shown;   // [N] q of the page shown
  std::vector<double> model_policy;  // [N] mean of q over pages of pi_e, or one draw of it
  /// Pages hold more than the columns say: what stands at sold places was chosen with the whole page in view, so that a
  /// reward may depend on items below it through what was sold above it.
  bool sold_places = false;

  std::size_t pages() const { return user.size(); }
  std::size_t begin(std::size_t page) const { return page == 0 ? 0 : end[page - 1]; }
};

/// Throws DataError unless the columns fit together.
void check_logged_pages(const LoggedPages& log);

/// Importance weights pi_e / pi_b of a log. Positions of a page share no weight: [R] each.
struct PageWeights {
  std::vector<double> whole;     // [N] of the whole ordered slate
  std::vector<double> prefix;    // [R] of the items up to k
  std::vector<double> marginal;  // [R] of item k at position k alone; empty when unknown for any position
};

PageWeights page_weights(const LoggedPages& log);

/// How far importance weighting can be trusted.
struct WeightDiagnostics {
  double largest = 0.0;
  double effective_sample = 0.0;  // (sum w)^2 / sum w^2
  double mean = 0.0;              // 1 when the propensities are right and pi_b shows whatever pi_e would
};

WeightDiagnostics diagnose_weights(std::span<const double> weights);

}  // namespace coldframe
