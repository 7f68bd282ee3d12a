#include "framework/evaluation/non_inferiority.h"

#include <fmt/format.h>

#include <vector>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

void require_margin(Margin margin) {
  const bool share = margin.of == Margin::Of::share;
  if (margin.size >= 0.0 && (!share || margin.size <= 1.0)) return;
  throw ConfigError(fmt::format("a margin of {}{}", share ? 100.0 * margin.size : margin.size, share ? " %" : ""),
                    share ? "it must lie between 0 and 100 %" : "it must be >= 0", "try 0.01");
}

void require_paired(std::size_t users, std::size_t candidate, std::size_t reference) {
  if (users == candidate && users == reference) return;
  throw DataError("candidate and reference are not paired",
                  fmt::format("{} users, {} and {} values", users, candidate, reference));
}

}  // namespace

std::string_view to_string(NonInferiority outcome) {
  switch (outcome) {
    case NonInferiority::shown:
      return "shown";
    case NonInferiority::refuted:
      return "refuted";
    case NonInferiority::undecided:
      break;
  }
  return "undecided";
}

NonInferiorityJudgement judge_non_inferiority(std::span<const UserKey> users, std::span<const double> candidate,
                                              std::span<const double> reference, Margin margin,
                                              const NonInferiorityRules& rules) {
  require_margin(margin);
  require_paired(users.size(), candidate.size(), reference.size());
  const bool share = margin.of == Margin::Of::share;
  PairedBootstrap pairs(3, rules.bootstrap);
  std::vector<double> slacks;
  for (std::size_t u = 0; u < users.size(); ++u) {
    const double slack =
        share ? candidate[u] - (1.0 - margin.size) * reference[u] : candidate[u] - reference[u] + margin.size;
    const double values[] = {candidate[u], reference[u], slack};
    pairs.add(users[u], values);
    slacks.push_back(slack);
  }
  NonInferiorityJudgement judgement;
  judgement.difference = pairs.difference(0, 1);
  judgement.allowed = share ? margin.size * pairs.mean(1).value : margin.size;
  if (users.size() < rules.minimum_users) return judgement;
  judgement.found_regression = judgement.allowed + minimum_detectable_effect(sample_variance(slacks), slacks.size(),
                                                                             1.0 - rules.bootstrap.level);
  const Estimate slack = pairs.mean(2);
  if (!slack.interval) return judgement;
  if (slack.interval->low >= 0.0) judgement.outcome = NonInferiority::shown;
  if (slack.interval->high < 0.0) judgement.outcome = NonInferiority::refuted;
  return judgement;
}

}  // namespace coldframe
