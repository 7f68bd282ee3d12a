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

struct RobustnessInput {
  std::string utility_name;
  std::size_t list_length = 10;
  std::vector<UserKey> users;
  std::vector<RobustnessSeries> series;
  std::vector<std::string> limits;  // that the caller knows of
};

/// Tables `robustness` (clean, mean and worst of the draws, paired loss, stability) and, for several scorers that were
/// put to the same noise, `robustness-differences` (loss against that of the first), in the form of report.h, with
/// `limits`. A loss is claimed when its interval and its Holm-adjusted sign-flip test agree; otherwise the smallest
/// loss that would have been found stands beside it. Fewer users than the rules ask for: "too few".
nlohmann::json robustness_report(const RobustnessInput& input, const VerdictRules& rules);

std::string robustness_text(const nlohmann::json& report);

}  // namespace coldframe
