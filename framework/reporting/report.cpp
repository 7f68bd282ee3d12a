#include "framework/reporting/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/newcomer_report.h"
#include "framework/reporting/simulation_report.h"
#include "framework/reporting/stream_report.h"
#include "framework/reporting/stream_verdicts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr int k_format = 1;

std::string phrase(const Estimate& estimate, std::string_view form = "{:.2f}") {
  const auto number = [&](double value) { return fmt::format(fmt::runtime(form), value); };
  if (!estimate.interval) return fmt::format("{} (interval undefined)", number(estimate.value));
  return fmt::format("{} (95 % interval {} to {})", number(estimate.value), number(estimate.interval->low),
                     number(estimate.interval->high));
}

constexpr std::string_view k_prior = " + item prior";

/// The strategies' row, with or without item prior, that has the largest value at this k; nullptr without one.
const PooledScorer* best_strategy(const PooledRuns& runs, const ShotNumbers& numbers, bool with_prior) {
  const PooledScorer* best = nullptr;
  for (const PooledScorer& scorer : runs.scorers) {
    if (scorer.role != "strategy" || !numbers.has(scorer) || scorer.name.ends_with(k_prior) != with_prior) continue;
    if (best == nullptr || numbers.mean(scorer, 0).value > numbers.mean(*best, 0).value) best = &scorer;
  }
  return best;
}

std::string against_popularity(const Estimate& ratio) {
  if (!ratio.interval || ratio.interval->contains(1.0)) return "which cannot be told apart from popularity";
  return ratio.interval->low > 1.0 ? "above popularity" : "below popularity";
}

std::vector<std::string> sentences_of(const NewcomerFindings& findings) {
  const PooledRuns& runs = findings.runs;
  const std::string metric = to_string(runs.metrics[0]);
  const PooledScorer *popularity = runs.find("popularity"), *random = runs.find("random");
  std::vector<std::string> sentences;
  const auto describe = [&](const ShotNumbers& numbers, bool with_prior) {
    const PooledScorer* best = best_strategy(runs, numbers, with_prior);
    if (best == nullptr) return;
    std::string text = fmt::format("With k = {} shown interactions the largest {} of {} is {}'s: {}", numbers.shots(),
                                   metric, with_prior ? "a score with item prior" : "a pure text score", best->name,
                                   phrase(numbers.mean(*best, 0), "{:.4f}"));
    if (popularity != nullptr && numbers.has(*popularity)) {
      const Estimate ratio = numbers.ratio(*best, *popularity, 0);
      text += fmt::format("; {} times popularity's, {}", phrase(ratio), against_popularity(ratio));
    }
    if (random != nullptr && numbers.has(*random)) {
      const Estimate above = numbers.difference(*best, *random, 0);
      const bool proved = above.interval && above.interval->low > 0.0;
      text += proved ? "; its interval lies above random" : "; not shown to be better than random";
    }
    sentences.push_back(text + ".");
  };
  describe(findings.numbers.front(), /*with_prior=*/false);
  if (findings.numbers.size() > 1) describe(findings.numbers.back(), /*with_prior=*/false);
  describe(findings.numbers.back(), /*with_prior=*/true);
  std::size_t checkpoints = 0, strategies = 0;
  for (const NewcomerVerdict& verdict : findings.verdicts) {
    const auto decided = [](const Judgement& judged) {
      return judged.verdict == Verdict::better || judged.verdict == Verdict::worse;
    };
    checkpoints += decided(verdict.checkpoints) ? 1 : 0;
    strategies += decided(verdict.strategies) ? 1 : 0;
  }
  sentences.push_back(
      fmt::format("Of {} displayed differences {} hold for these checkpoints and {} for these strategies.",
                  findings.verdicts.size(), checkpoints, strategies));
  return sentences;
}

std::vector<std::string> limits_of(const PooledRuns& runs, std::span<const NamedSimulation> simulations,
                                   const VerdictRules& rules) {
  std::vector<std::string> limits;
  if (runs.folds.size() == 1) {
    limits.push_back(fmt::format("One fold ({}): the newcomers are one part of the users; claims pool all folds.",
                                 runs.folds.front()));
  }
  if (runs.seeds.size() < rules.minimum_seeds) {
    limits.push_back(
        fmt::format("{} training seed{}: which strategy is better is not claimed (at least {} are needed), only "
                    "which of these checkpoints.",
                    runs.seeds.size(), runs.seeds.size() == 1 ? "" : "s", rules.minimum_seeds));
  }
  limits.push_back(fmt::format("{} newcomers were tested; {} were left out because they have too few interactions.",
                               runs.users.size(), runs.left_out));
  limits.push_back("The encoder was pretrained on web text and has read about old films.");
  limits.push_back(
      "Accuracy, F1, log loss and calibration error: n/a (cosines are no probabilities, and no head is calibrated).");
  const bool unordered =
      !runs.runs.front().record.summary.value(Json::json_pointer("/evaluation/ordered_by_time"), true);
  if (unordered) limits.push_back("The data have no times: which interactions are shown is decided by a keyed hash.");
  if (!simulations.empty())
    limits.push_back(
        "Simulated users choose by an assumed model in a world fitted on role W; nothing there is measured on people.");
  for (const std::string& flip : order_flips(simulations)) limits.push_back(flip);
  return limits;
}

Json facts_of(const PooledRuns& runs) {
  std::vector<std::string> metrics;
  for (const MetricCut& metric : runs.metrics) metrics.push_back(to_string(metric));
  const Json& summary = runs.runs.front().record.summary;
  return {{"variants", runs.variants},
          {"folds", runs.folds},
          {"seeds", runs.seeds},
          {"metrics", metrics},
          {"shots", runs.shots},
          {"users", runs.users.size()},
          {"left_out", runs.left_out},
          {"evaluation", summary.value("evaluation", Json::object())},
          {"data", summary.value(Json::json_pointer("/identity/data"), Json())},
          {"provenance", summary.value("provenance", Json::object())}};
}

}  // namespace

Json make_report(const PooledRuns& runs, std::span<const NamedSimulation> simulations, const VerdictRules& rules) {
  if (runs.runs.empty()) throw DataError("nothing to report", "there is no run", "give at least one run folder");
  BootstrapOptions bootstrap = rules.bootstrap;
  bootstrap.level = 1.0 - rules.alpha;
  const NewcomerFindings findings{runs, newcomer_numbers(runs, bootstrap), judge_newcomers(runs, rules)};
  Json report = {{"format", k_format}, {"facts", facts_of(runs)}, {"tables", Json::array()}, {"plots", Json::array()}};
  report["sentences"] = sentences_of(findings);
  report["limits"] = limits_of(runs, simulations, rules);
  add_newcomer_tables(report["tables"], findings);
  add_newcomer_plots(report["plots"], findings);
  add_stream_verdicts(report["tables"], report["plots"], runs.runs, rules);
  add_streams(report["tables"], report["plots"], runs.runs, bootstrap);
  add_simulation(report["tables"], report["plots"], simulations, rules);
  return report;
}

}  // namespace coldframe
