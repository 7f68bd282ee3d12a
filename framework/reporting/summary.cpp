#include "framework/reporting/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/reporting/newcomer_costs.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::string in_brackets(const std::optional<Interval>& interval) {
  if (!interval) return "[interval undefined]";
  return fmt::format("[{:.4f}, {:.4f}]", interval->low, interval->high);
}

/// The difference with the better one first.
std::string won(const std::string& winner, const std::string& loser, const Estimate& difference, double sign) {
  std::optional<Interval> interval = difference.interval;
  if (interval && sign < 0) interval = Interval{-interval->high, -interval->low};
  return fmt::format("{} is better than {} by {:.4f} {}", winner, loser, sign * difference.value,
                     in_brackets(interval));
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// The judged pairs of one k and one kind of score.
struct Block {
  std::size_t shots = 0;
  bool with_prior = false;
  std::vector<JudgedPair> popularity, frozen, each_other;
};

Block block_of(const NewcomerFindings& findings, std::size_t shots, bool with_prior, bool strategies) {
  Block block{shots, with_prior, {}, {}, {}};
  for (const NewcomerVerdict& verdict : findings.verdicts) {
    const PooledScorer* first = findings.runs.find(verdict.first);
    if (verdict.shots != shots || first == nullptr || has_item_prior(*first) != with_prior) continue;
    JudgedPair pair{verdict.first, verdict.second, strategies ? verdict.strategies : verdict.checkpoints};
    const bool frozen = verdict.second.starts_with("frozen encoder");
    (verdict.second == "popularity" ? block.popularity : frozen ? block.frozen : block.each_other).push_back(pair);
  }
  return block;
}

const PooledScorer* best_strategy(const NewcomerFindings& findings, const ShotNumbers& numbers, bool with_prior) {
  const PooledScorer* best = nullptr;
  for (const PooledScorer& scorer : findings.runs.scorers) {
    if (scorer.role != "strategy" || !numbers.has(scorer) || has_item_prior(scorer) != with_prior) continue;
    if (best == nullptr || numbers.mean(scorer, 0).value > numbers.mean(*best, 0).value) best = &scorer;
  }
  return best;
}

/// "the largest value is full's, 0.1234 [..], 1.20 times popularity's [..]"
std::string best_value(const NewcomerFindings& findings, const ShotNumbers& numbers, bool with_prior) {
  const PooledScorer* best = best_strategy(findings, numbers, with_prior);
  if (best == nullptr) return {};
  const Estimate mean = numbers.mean(*best, 0);
  std::string text = fmt::format("the largest value is that of {}, {:.4f} {}", best->name, mean.value,
                                 in_brackets(mean.interval));
  const PooledScorer *popularity = findings.runs.find("popularity"), *random = findings.runs.find("random");
  if (popularity != nullptr && numbers.has(*popularity)) {
    const Estimate ratio = numbers.ratio(*best, *popularity, 0);
    const std::string interval =
        ratio.interval ? fmt::format("[{:.2f}, {:.2f}]", ratio.interval->low, ratio.interval->high) : "[undefined]";
    text += fmt::format(", {:.2f} times that of popularity {}", ratio.value, interval);
  }
  if (random != nullptr && numbers.has(*random)) {
    const Estimate above = numbers.difference(*best, *random, 0);
    if (!above.interval || above.interval->low <= 0.0) text += ", not shown to be better than random";
  }
  return text + ".";
}

std::string paragraph(const NewcomerFindings& findings, const ShotNumbers& numbers, bool with_prior,
                      const VerdictRules& rules) {
  const std::string best = best_value(findings, numbers, with_prior);
  if (best.empty()) return {};
  const Block block = block_of(findings, numbers.shots(), with_prior, /*strategies=*/false);
  std::string text = fmt::format("k = {}, {}: {}", numbers.shots(), with_prior ? "with item prior" : "text alone", best);
  for (const std::string& sentence :
       {verdict_sentence("Against popularity:", block.popularity, rules),
        verdict_sentence("Against the frozen encoder:", block.frozen, rules),
        verdict_sentence("Among the strategies:", block.each_other, rules)}) {
    if (!sentence.empty()) text += ' ' + sentence;
  }
  return text;
}

/// Verdicts about training again, or the reason why there is none.
std::vector<std::string> about_strategies(const NewcomerFindings& findings, const VerdictRules& rules) {
  std::vector<std::string> sentences;
  const auto claimed = [](const NewcomerVerdict& verdict) {
    return verdict.strategies.verdict != Verdict::not_claimed;
  };
  if (findings.verdicts.empty()) return sentences;
  if (std::ranges::none_of(findings.verdicts, claimed)) {
    return {fmt::format("Which strategy is better when trained again is not claimed ({}).",
                        findings.verdicts.front().strategies.reason)};
  }
  for (const bool with_prior : {false, true}) {
    const Block block = block_of(findings, findings.runs.shots.front(), with_prior, /*strategies=*/true);
    std::vector<JudgedPair> all = block.popularity;
    for (const auto* more : {&block.frozen, &block.each_other}) all.insert(all.end(), more->begin(), more->end());
    const std::string opening = fmt::format("Trained again ({}), k = {}, {}:",
                                            counted(findings.runs.seeds.size(), "seed"), block.shots,
                                            with_prior ? "with item prior" : "text alone");
    const std::string sentence = verdict_sentence(opening, std::move(all), rules, 6);
    if (!sentence.empty()) sentences.push_back(sentence);
  }
  return sentences;
}

std::string about_costs(const NewcomerFindings& findings) {
  std::vector<std::string> parts;
  for (const CostAxis& axis : cost_axes()) {
    const ParetoFront front = pareto_front(findings, {axis});
    std::vector<std::string> names;
    for (std::size_t i = 0; i < front.strategies.size(); ++i) {
      if (front.dominator[i] == i && !has_item_prior(*front.strategies[i])) names.push_back(front.strategies[i]->name);
    }
    if (names.size() > 5) {
      const std::string more = fmt::format("{} more", names.size() - 4);
      names.resize(4);
      names.push_back(more);
    }
    if (!names.empty()) parts.push_back(fmt::format("{}: {}", axis.title, fmt::join(names, ", ")));
  }
  if (parts.empty() || findings.runs.variants.size() < 2) return {};
  return fmt::format("No other strategy is both as good (text alone, k = {}) and as cheap, by the values: {}.",
                     findings.runs.shots.front(), fmt::join(parts, "; "));
}

int rank_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
    case Verdict::worse:
      return 0;
    case Verdict::equivalent:
      return 1;
    case Verdict::undecided:
      return 2;
    case Verdict::not_claimed:
      break;
  }
  return 3;
}

}  // namespace

std::string verdict_phrase(const JudgedPair& pair, const VerdictRules& rules) {
  const Judgement& judged = pair.judged;
  const std::string value = fmt::format("{:.4f} {}", judged.difference.value, in_brackets(judged.difference.interval));
  switch (judged.verdict) {
    case Verdict::better:
      return won(pair.first, pair.second, judged.difference, 1.0);
    case Verdict::worse:
      return won(pair.second, pair.first, judged.difference, -1.0);
    case Verdict::equivalent:
      return fmt::format("{} and {} are equivalent ({}, within +-{:g})", pair.first, pair.second, value,
                         rules.smallest_effect);
    case Verdict::undecided:
      return fmt::format("{} or {} is undecided ({}; {:.4f} would have been found in 80 %)", pair.first, pair.second,
                         value, judged.minimum_detectable_effect);
    case Verdict::not_claimed:
      break;
  }
  return fmt::format("{} against {} is not claimed ({})", pair.first, pair.second, judged.reason);
}

std::string verdict_sentence(const std::string& opening, std::vector<JudgedPair> pairs, const VerdictRules& rules,
                             std::size_t most) {
  if (pairs.empty()) return {};
  std::ranges::stable_sort(pairs, [](const JudgedPair& a, const JudgedPair& b) {
    const int first = rank_of(a.judged.verdict), second = rank_of(b.judged.verdict);
    if (first != second) return first < second;
    return std::abs(a.judged.difference.value) > std::abs(b.judged.difference.value);
  });
  std::map<int, std::size_t> said, left;
  std::vector<std::string> phrases;
  for (const JudgedPair& pair : pairs) {
    const int rank = rank_of(pair.judged.verdict);
    if (said[rank] == most) {
      ++left[rank];
      continue;
    }
    ++said[rank];
    phrases.push_back(verdict_phrase(pair, rules));
  }
  constexpr const char* kinds[] = {"better or worse", "equivalent", "undecided", "not claimed"};
  for (const auto& [rank, count] : left) phrases.push_back(fmt::format("{} more {}", count, kinds[rank]));
  return fmt::format("{} {}.", opening, fmt::join(phrases, "; "));
}

std::vector<std::string> newcomer_summary(const NewcomerFindings& findings, const VerdictRules& rules) {
  const PooledRuns& runs = findings.runs;
  std::vector<std::string> sentences = {fmt::format(
      "{} of {} and {} on {}; what follows is about {}, and brackets hold {:g} % intervals.",
      runs.variants.size() == 1 ? "One strategy" : fmt::format("{} strategies", runs.variants.size()),
      counted(runs.folds.size(), "fold"), counted(runs.seeds.size(), "training seed"),
      counted(runs.users.size(), "newcomer"), to_string(runs.metrics[0]), 100.0 * (1.0 - rules.alpha))};
  std::vector<const ShotNumbers*> shown = {&findings.numbers.front()};
  if (findings.numbers.size() > 1) shown.push_back(&findings.numbers.back());
  for (const ShotNumbers* numbers : shown) {
    for (const bool with_prior : {false, true}) {
      std::string text = paragraph(findings, *numbers, with_prior, rules);
      if (!text.empty()) sentences.push_back(std::move(text));
    }
  }
  sentences.push_back(fmt::format(
      "These verdicts are about the checkpoints at hand on newcomers like these: users resampled in pairs, sign-flip "
      "tests, Holm over all {} differences of the report.",
      findings.verdicts.size()));
  for (std::string& sentence : about_strategies(findings, rules)) sentences.push_back(std::move(sentence));
  const std::string costs = about_costs(findings);
  if (!costs.empty()) sentences.push_back(costs);
  return sentences;
}

std::vector<std::string> simulation_summary(std::span<const SimulationVerdict> verdicts, const VerdictRules& rules) {
  std::vector<std::string> conditions;
  std::map<std::string, std::vector<JudgedPair>> pairs;
  for (const SimulationVerdict& verdict : verdicts) {
    if (!pairs.contains(verdict.condition)) conditions.push_back(verdict.condition);
    pairs[verdict.condition].push_back({verdict.first, verdict.second, verdict.judged});
  }
  std::vector<std::string> sentences;
  for (const std::string& condition : conditions) {
    sentences.push_back(verdict_sentence(
        fmt::format("Simulated newcomers ({}), expected clicks per page, these checkpoints in this world:", condition),
        std::move(pairs[condition]), rules, 6));
  }
  return sentences;
}

std::vector<std::string> summary_limits(const PooledRuns& runs, std::span<const NamedSimulation> simulations,
                                        const VerdictRules& rules) {
  std::vector<std::string> limits = {
      "One data set: another one may turn every order."};
  if (runs.folds.size() == 1) {
    limits.push_back(fmt::format("One fold ({}): the newcomers are one part of the users; claims pool all folds.",
                                 runs.folds.front()));
  }
  if (runs.seeds.size() < rules.minimum_seeds) {
    limits.push_back(
        fmt::format("{}: which strategy is better is not claimed (at least {} are needed), only "
                    "which of these checkpoints.",
                    counted(runs.seeds.size(), "training seed"), rules.minimum_seeds));
  }
  if (rules.smallest_effect == 0.0) {
    limits.emplace_back(
        "No smallest effect of interest is set (evaluation.smallest_effect): any difference that is shown counts, "
        "however small, and nothing can be called equivalent.");
  }
  limits.push_back(fmt::format("Verdicts are about {} alone; other metrics{} are shown without one.",
                               to_string(runs.metrics[0]), runs.cells.empty() ? "" : ", slices and groups"));
  if (runs.cells.empty()) {
    limits.emplace_back(
        "No slices by popularity or age: some run was evaluated before they were kept, or the runs' logs differ "
        "(coldframe evaluate keeps them).");
  }
  limits.push_back(fmt::format("{} newcomers were tested; {} were left out because they have too few interactions.",
                               runs.users.size(), runs.left_out));
  limits.emplace_back("The encoder was pretrained on web text and has read about old films.");
  const bool calibrated = std::ranges::all_of(
      runs.runs, [](const NamedRun& run) { return run.record.summary.contains("calibration"); });
  limits.emplace_back(calibrated
                          ? "Accuracy and F1: n/a (a ranking decides nothing about single items)."
                          : "Accuracy, F1, log loss and calibration error: n/a (cosines are no probabilities, and some "
                            "run has no head that was calibrated on role V).");
  const bool unordered =
      !runs.runs.front().record.summary.value(Json::json_pointer("/evaluation/ordered_by_time"), true);
  if (unordered) limits.emplace_back("The data have no times: which interactions are shown is decided by a keyed hash.");
  if (!simulations.empty()) {
    limits.emplace_back(
        "Simulated users choose by an assumed model in a world fitted on role W; nothing there is measured on people.");
  }
  for (const std::string& flip : order_flips(simulations)) limits.push_back(flip);
  return limits;
}

}  // namespace coldframe
