#include "framework/reporting/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/nearest.h"
#include "framework/reporting/acceptance_bound.h"

namespace coldframe {
namespace {

/// First words of measures: which command knows them.
const std::vector<std::string>& known_words() {
  static const std::vector<std::string> words = {"evaluation", "cost",       "robustness", "poisoning", "fairness",
                                                 "classify",   "simulation", "compare",    "stream"};
  return words;
}

std::string first_word(const std::string& key) { return key.substr(0, key.find('.')); }

std::string number_text(double value) { return fmt::format("{:.4f}", value); }

std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("[{:.4f}, {:.4f}]", interval->low, interval->high) : "[undefined]";
}

[[noreturn]] void refuse(const FreeValue& line, std::string_view why, std::string_view suggestion) {
  throw ConfigError(fmt::format("expect.{} in {}", line.key, line.origin.text()), why, suggestion);
}

/// A measure, or one end of its interval.
struct Found {
  Measure measure;
  std::optional<double> value;
};

Found find_measure(const FreeValue& line, const Measures& measures) {
  if (measures.contains(line.key)) {
    Measure measure = measures.find(line.key);
    const std::optional<double> value = measure.value;
    return {std::move(measure), value};
  }
  for (const bool low : {true, false}) {
    const std::string_view end = low ? ".low" : ".high";
    const std::string base = line.key.substr(0, line.key.size() - std::min(end.size(), line.key.size()));
    if (!line.key.ends_with(end) || !measures.contains(base)) continue;
    Measure measure = measures.find(base);
    if (measure.value && !measure.estimated) refuse(line, fmt::format("{} has no interval", base), "bound it itself");
    std::optional<double> value;
    if (measure.value && measure.interval) value = low ? measure.interval->low : measure.interval->high;
    return {std::move(measure), value};
  }
  throw ConfigError(fmt::format("expect.{} in {} is no measure", line.key, line.origin.text()), {},
                    suggest_name(line.key, measures.names()));
}

AcceptanceResult compare(const FreeValue& line, const AcceptanceBound& bound, const Measures& measures) {
  const Found found = find_measure(line, measures);
  AcceptanceResult result{line.key, line.text, "-", Acceptance::undecided, {}};
  if (!found.value) {
    result.reason = found.measure.value ? "the interval is undefined" : "it has no value: too few, or not applicable";
    return result;
  }
  result.found = number_text(*found.value);
  if (found.measure.estimated && *found.value == *found.measure.value) {
    result.found += ' ' + interval_text(found.measure.interval);
  }
  const bool met = bound.holds(*found.value);
  result.outcome = met ? Acceptance::met : Acceptance::missed;
  if (!met) result.reason = fmt::format("off by {}", number_text(std::abs(*found.value - bound.number)));
  return result;
}

AcceptanceResult compare_with_run(const FreeValue& line, const AcceptanceBound& bound, const Measures& measures,
                                  const ReferenceMeasures& reference_of, const NonInferiorityRules& rules) {
  const Measure mine = find_measure(line, measures).measure;
  if (mine.users.empty() || !measures.contains(line.key)) {
    refuse(line, "it is no mean over users, so it cannot be paired with another run's",
           "bound evaluation.METRIC.shotK, or simulation.POLICY.expected");
  }
  const Measures& reference = reference_of(bound.run);
  if (!reference.contains(line.key)) {
    throw DataError(fmt::format("{} has no {}", bound.run, line.key), "it was evaluated with other metrics or shots",
                    "evaluate both with the same [evaluation] section");
  }
  const Measure theirs = reference.find(line.key);
  if (theirs.users != mine.users) {
    throw DataError(fmt::format("cannot compare {} with {}", line.key, bound.run), "it was tested on other users",
                    "evaluate both on the same data and fold");
  }
  const NonInferiorityJudgement judged =
      judge_non_inferiority(mine.users, mine.per_user, theirs.per_user, bound.margin, rules);
  AcceptanceResult result{line.key, line.text, {}, Acceptance::undecided, {}};
  result.found = fmt::format("{:+.4f} {}", judged.difference.value, interval_text(judged.difference.interval));
  if (judged.outcome == NonInferiority::shown) {
    result.outcome = Acceptance::met;
  } else if (judged.outcome == NonInferiority::refuted) {
    result.outcome = Acceptance::missed;
    result.reason = fmt::format("worse by more than {}", number_text(judged.allowed));
  } else if (mine.users.size() < rules.minimum_users) {
    result.reason = fmt::format("{} users, at least {} are needed", mine.users.size(), rules.minimum_users);
  } else {
    result.reason = fmt::format("the interval covers a loss of {}; one of {} would be found with 80 % power",
                                number_text(judged.allowed), number_text(judged.found_regression));
  }
  return result;
}

}  // namespace

std::string_view to_string(Acceptance outcome) {
  switch (outcome) {
    case Acceptance::met:
      return "met";
    case Acceptance::missed:
      return "MISSED";
    case Acceptance::undecided:
      break;
  }
  return "undecided";
}

std::optional<Problem> expectation_problem(const FreeValue& line) {
  const std::string word = first_word(line.key);
  if (std::ranges::find(known_words(), word) == known_words().end()) {
    return Problem{fmt::format("expect.{} in {}", line.key, line.origin.text()),
                   fmt::format("(no command measures \"{}\") {}", word, suggest_name(word, known_words()))};
  }
  try {
    parse_acceptance_bound(line);
  } catch (const ConfigError& error) {
    return Problem{error.what(), {}};
  }
  return std::nullopt;
}

std::vector<AcceptanceResult> check_expectations(std::span<const FreeValue> bounds, std::span<const std::string> words,
                                                 const Measures& measures, const ReferenceMeasures& reference,
                                                 const NonInferiorityRules& rules) {
  std::vector<AcceptanceResult> results;
  for (const FreeValue& line : bounds) {
    if (const auto problem = expectation_problem(line)) {
      throw ConfigError(problem->text.empty() ? problem->key : fmt::format("{} {}", problem->key, problem->text));
    }
    if (std::ranges::find(words, first_word(line.key)) == words.end()) continue;
    const AcceptanceBound bound = parse_acceptance_bound(line);
    results.push_back(bound.kind == AcceptanceBound::Kind::within
                          ? compare_with_run(line, bound, measures, reference, rules)
                          : compare(line, bound, measures));
  }
  return results;
}

ExitCode exit_code(std::span<const AcceptanceResult> results) {
  const auto any = [&](Acceptance outcome) {
    return std::ranges::find(results, outcome, &AcceptanceResult::outcome) != results.end();
  };
  if (any(Acceptance::missed)) return ExitCode::expectation_missed;
  return any(Acceptance::undecided) ? ExitCode::undecided : ExitCode::done;
}

std::string acceptance_text(std::span<const AcceptanceResult> results) {
  if (results.empty()) return {};
  std::size_t measure = 0, bound = 0, found = 0;
  for (const AcceptanceResult& result : results) {
    measure = std::max(measure, result.measure.size());
    bound = std::max(bound, result.bound.size());
    found = std::max(found, result.found.size());
  }
  std::string text, failed;
  for (const AcceptanceResult& result : results) {
    text += fmt::format("expect {:<{}}  {:<{}}  found {:<{}}  {}\n", result.measure, measure, result.bound, bound,
                        result.found, found, to_string(result.outcome));
    if (result.outcome == Acceptance::met) continue;
    failed += fmt::format("  {:<9}  {}: {}\n", to_string(result.outcome), result.measure, result.reason);
  }
  const auto count = [&](Acceptance outcome) {
    return std::ranges::count(results, outcome, &AcceptanceResult::outcome);
  };
  return text + fmt::format("bounds: {} met, {} missed, {} undecided\n{}", count(Acceptance::met),
                            count(Acceptance::missed), count(Acceptance::undecided), failed);
}

}  // namespace coldframe
