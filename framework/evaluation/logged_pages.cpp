#include "framework/evaluation/logged_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "framework/core/error.h"

namespace coldframe {
namespace {

void require_length(std::string_view column, std::size_t length, std::size_t wanted) {
  if (length == wanted) return;
  throw DataError(fmt::format("logged pages: column {} has {} rows", column, length),
                  fmt::format("expected {}", wanted));
}

/// Weight of what pi_b did: it was possible there, so a log of 0 on the other side is all that can happen.
double ratio(double log_evaluation, double log_logging) {
  const double difference = log_evaluation - log_logging;
  return std::isnan(difference) ? difference : std::exp(difference);
}

}  // namespace

void check_logged_pages(const LoggedPages& log) {
  const std::size_t rows = log.reward.size();
  require_length("end", log.end.size(), log.pages());
  require_length("log_logging", log.log_logging.size(), rows);
  require_length("log_evaluation", log.log_evaluation.size(), rows);
  if (!log.log_logging_marginal.empty()) require_length("log_logging_marginal", log.log_logging_marginal.size(), rows);
  if (!log.log_evaluation_marginal.empty()) {
    require_length("log_evaluation_marginal", log.log_evaluation_marginal.size(), rows);
  }
  if (!log.model_shown.empty()) require_length("model_shown", log.model_shown.size(), log.pages());
  require_length("model_policy", log.model_policy.size(), log.model_shown.size());
  if (!std::is_sorted(log.end.begin(), log.end.end()) || (log.pages() > 0 && log.end.back() != rows)) {
    throw DataError("logged pages: their ends do not fit", "they must ascend to the number of shown items");
  }
}

PageWeights page_weights(const LoggedPages& log) {
  PageWeights weights;
  for (std::size_t page = 0; page < log.pages(); ++page) {
    double evaluation = 0, logging = 0;
    for (std::size_t k = log.begin(page); k < log.end[page]; ++k) {
      evaluation += log.log_evaluation[k];
      logging += log.log_logging[k];
      weights.prefix.push_back(ratio(evaluation, logging));
    }
    weights.whole.push_back(ratio(evaluation, logging));
  }
  if (log.log_logging_marginal.empty() || log.log_evaluation_marginal.empty()) return weights;
  for (std::size_t k = 0; k < log.reward.size(); ++k) {
    weights.marginal.push_back(ratio(log.log_evaluation_marginal[k], log.log_logging_marginal[k]));
  }
  if (std::ranges::any_of(weights.marginal, [](double w) { return std::isnan(w); })) weights.marginal.clear();
  return weights;
}

WeightDiagnostics diagnose_weights(std::span<const double> weights) {
  WeightDiagnostics diagnostics;
  double sum = 0, squares = 0;
  for (const double w : weights) {
    sum += w;
    squares += w * w;
    diagnostics.largest = std::max(diagnostics.largest, w);
  }
  if (weights.empty()) return diagnostics;
  diagnostics.effective_sample = squares > 0 ? sum * sum / squares : 0.0;
  diagnostics.mean = sum / static_cast<double>(weights.size());
  return diagnostics;
}

}  // namespace coldframe
