#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/verdict.h"

namespace coldframe {

/// What one kind of noise at one severity did to the same users, draw by draw.
struct NoisyResult {
  std::string kind;
  double severity = 0.0;
  std::vector<std::vector<double>> utility;  // [draws][users]
  double changed = 0.0;                      // share of user texts (or histories) that noise changed
  double jaccard = 0.0;                      // top-K lists against the clean ones, mean over draws and users
  double rbo = 0.0;                          // extrapolated, p = .9
  double kendall = 0.0;                      // over users where it is defined
};

/// One scorer at one k, read through one template.
struct RobustnessSeries {
  std::string scorer;
  std::string text_template;
  std::size_t shots = 0;
  std::vector<double> clean;  // [users]
  std::vector<NoisyResult> results;
};

/// All single typos of one newcomer's text.
struct TypoRow {
  UserKey user;
  std::vector<double> shifts;  // of the user vector, one per typo
  std::size_t beyond = 0;      // typos whose shift reaches the certified radius of the set
  std::size_t changed = 0;     // of those, the ones that changed the set of the list
  double clean = 0.0;          // utility of the text as it is
  double mean = 0.0;           // over the typos
  double worst = 0.0;          // of the typo that hurts most: an exact attack by one edit
};

/// Certified radii of one scorer at one k, read through one template (certified_radius.h); infinite where no shift
/// changes the list.
struct CertifiedSeries {
  std::string scorer;
  std::string text_template;
  std::size_t shots = 0;
  std::vector<double> set_radius;    // [users]
  std::vector<double> order_radius;  // [users]
  std::vector<TypoRow> typos;        // of the sampled newcomers
};

struct RobustnessInput {
  std::string utility_name;
  std::size_t list_length = 10;
  std::vector<UserKey> users;
  std::vector<RobustnessSeries> series;
  std::vector<std::string> limits;         // that the caller knows of
  std::vector<CertifiedSeries> certified;  // empty: not asked for
};

/// Tables `robustness` (clean, mean and worst of the draws, paired loss, stability) and, for several scorers that were
/// put to the same noise, `robustness-differences` (loss against that of the first), in the form of report.h, with
/// `limits`. A loss is claimed when its interval and its Holm-adjusted sign-flip test agree; otherwise the smallest
/// loss that would have been found stands beside it. Fewer users than the rules ask for: "too few".
/// `robustness-radius`: quantiles of the certified radii over users, the share of single typos that reach them and that
/// change the set, and what the mean typo and each user's worst one cost.
nlohmann::json robustness_report(const RobustnessInput& input, const VerdictRules& rules);

std::string robustness_text(const nlohmann::json& report);

}  // namespace coldframe
