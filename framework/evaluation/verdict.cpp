#include "framework/evaluation/verdict.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "framework/core/error.h"
#include "framework/evaluation/crossed_interval.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

/// A judgement before Holm, with the wider interval that equivalence is read from.
struct Draft {
  Judgement judgement;
  std::optional<Interval> equivalence_interval;  // level 1 - 2 alpha
};

std::string too_few(std::size_t count, std::string_view what, std::size_t minimum) {
  return fmt::format("{} {}{}: a claim needs at least {}", count, what, count == 1 ? "" : "s", minimum);
}

void decide(Draft& draft, const VerdictRules& rules) {
  Judgement& result = draft.judgement;
  if (!result.reason.empty()) return;  // not claimed, for the reason given
  const double margin = rules.smallest_effect;
  if (!result.difference.interval) {
    result.verdict = Verdict::undecided;
    result.reason = "the interval is undefined";
    return;
  }
  const Interval interval = *result.difference.interval;
  const bool significant = result.holm_p_value <= rules.alpha;
  const std::string shown =
      fmt::format("interval [{:.4f}, {:.4f}], Holm p = {:.4f}", interval.low, interval.high, result.holm_p_value);
  if (significant && interval.low > margin) {
    result.verdict = Verdict::better;
    result.reason = fmt::format("{} clears {}", shown, margin);
  } else if (significant && interval.high < -margin) {
    result.verdict = Verdict::worse;
    result.reason = fmt::format("{} clears {}", shown, 0 - margin);
  } else if (draft.equivalence_interval && draft.equivalence_interval->low > -margin &&
             draft.equivalence_interval->high < margin) {
    result.verdict = Verdict::equivalent;
    result.reason = fmt::format("{:g} % interval [{:.4f}, {:.4f}] lies within +-{}", 100.0 * (1.0 - 2.0 * rules.alpha),
                                draft.equivalence_interval->low, draft.equivalence_interval->high, margin);
  } else {
    result.verdict = Verdict::undecided;
    result.reason = fmt::format("{}; smallest difference this comparison would find: {:.4f}", shown,
                                result.minimum_detectable_effect);
  }
}

std::vector<Judgement> decide_family(std::vector<Draft> drafts, const VerdictRules& rules) {
  std::vector<double> p_values;
  for (const Draft& draft : drafts) p_values.push_back(draft.judgement.p_value);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::vector<Judgement> family;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    drafts[i].judgement.holm_p_value = adjusted[i];
    decide(drafts[i], rules);
    family.push_back(std::move(drafts[i].judgement));
  }
  return family;
}

std::vector<double> paired_differences(const CheckpointComparison& comparison) {
  if (comparison.first.size() != comparison.users.size() || comparison.second.size() != comparison.users.size()) {
    throw DataError(fmt::format("comparison \"{}\" is not paired", comparison.name),
                    fmt::format("{} users, {} and {} values", comparison.users.size(), comparison.first.size(),
                                comparison.second.size()));
  }
  std::vector<double> differences;
  for (std::size_t u = 0; u < comparison.users.size(); ++u) {
    differences.push_back(comparison.first[u] - comparison.second[u]);
  }
  return differences;
}

Draft draft_of(const CheckpointComparison& comparison, const VerdictRules& rules) {
  const std::vector<double> differences = paired_differences(comparison);
  PairedBootstrap bootstrap(1, rules.bootstrap);
  for (std::size_t u = 0; u < differences.size(); ++u) bootstrap.add(comparison.users[u], {&differences[u], 1});
  Draft draft;
  Judgement& result = draft.judgement;
  result.name = comparison.name;
  bootstrap.set_level(1.0 - rules.alpha);
  result.difference = bootstrap.mean(0);
  bootstrap.set_level(1.0 - 2.0 * rules.alpha);
  draft.equivalence_interval = bootstrap.mean(0).interval;
  if (differences.size() < rules.minimum_users) {
    result.reason = too_few(differences.size(), "user", rules.minimum_users);
    return draft;
  }
  result.minimum_detectable_effect =
      minimum_detectable_effect(sample_variance(differences), differences.size(), rules.alpha);
  const double centre = result.difference.value < 0.0 ? -rules.smallest_effect : rules.smallest_effect;
  const bool beyond = std::abs(result.difference.value) > rules.smallest_effect;
  result.p_value =
      beyond ? sign_flip_p_value(comparison.users, differences, {rules.permutations, rules.bootstrap.seed}, centre)
             : 1.0;
  return draft;
}

Draft draft_of(const StrategyComparison& comparison, const VerdictRules& rules) {
  Draft draft;
  Judgement& result = draft.judgement;
  result.name = comparison.name;
  const std::size_t columns = comparison.seeds == 0 ? 0 : comparison.differences.size() / comparison.seeds;
  const bool worlds = comparison.columns == Sampled::worlds;
  const std::size_t minimum_columns = worlds ? rules.minimum_worlds : rules.minimum_users;
  if (comparison.seeds >= 2 && columns > 0) {
    const CrossedEstimate crossed = crossed_estimate(comparison.differences, comparison.seeds);
    result.difference = {crossed.mean, crossed.standard_error, crossed.interval(1.0 - rules.alpha), columns, 0};
    result.minimum_detectable_effect = crossed.minimum_detectable_effect(rules.alpha);
    result.p_value = crossed.p_value(rules.smallest_effect);
    draft.equivalence_interval = crossed.interval(1.0 - 2.0 * rules.alpha);
  }
  if (comparison.seeds < rules.minimum_seeds) {
    result.reason = too_few(comparison.seeds, "training seed", rules.minimum_seeds);
  } else if (columns < minimum_columns) {
    result.reason = too_few(columns, worlds ? "world" : "user", minimum_columns);
  }
  return draft;
}

template <class Comparison>
std::vector<Judgement> judge(std::span<const Comparison> family, const VerdictRules& rules) {
  std::vector<Draft> drafts;
  for (const Comparison& comparison : family) drafts.push_back(draft_of(comparison, rules));
  return decide_family(std::move(drafts), rules);
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::worse:
      return "worse";
    case Verdict::equivalent:
      return "equivalent";
    case Verdict::undecided:
      return "undecided";
    case Verdict::not_claimed:
      return "not claimed";
  }
  return "not claimed";
}

std::vector<Judgement> judge_checkpoints(std::span<const CheckpointComparison> family, const VerdictRules& rules) {
  return judge(family, rules);
}

std::vector<Judgement> judge_strategies(std::span<const StrategyComparison> family, const VerdictRules& rules) {
  return judge(family, rules);
}

}  // namespace coldframe
