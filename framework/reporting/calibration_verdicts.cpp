#include "framework/reporting/calibration_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

constexpr std::string_view k_prior_suffix = " + item prior";

std::string variant_of(const NamedRun& run) { return run.record.summary.value("variant", run.name); }

/// The head of the run's own scores, with the item prior or without.
const CalibratedPeople* head_of(const NamedRun& run, std::size_t shots, bool prior) {
  const auto own = [&](const CalibratedPeople& people) {
    const bool with = people.name.ends_with(k_prior_suffix);
    const bool floor = people.name == "item prior" || people.name == "base rate";
    return people.shots == shots && with == prior && !floor;
  };
  const auto found = std::ranges::find_if(run.record.calibrated, own);
  return found == run.record.calibrated.end() ? nullptr : &*found;
}

bool same_training(const NamedRun& a, const NamedRun& b) {
  const auto number = [](const NamedRun& run, const char* key) {
    return run.record.summary.value(key, std::int64_t{0});
  };
  return number(a, "seed") == number(b, "seed") && number(a, "fold") == number(b, "fold") &&
         variant_of(a) != variant_of(b);
}

std::vector<double> likelihoods(const CalibratedPeople& people) {
  std::vector<double> values;
  for (const double loss : people.log_loss) values.push_back(-loss);
  return values;
}

}  // namespace

std::vector<CalibratedPeople> calibrated_people(const CalibrationInput& input) {
  std::vector<CalibratedPeople> people;
  for (const CalibratedScorer& scorer : input.scorers) {
    people.push_back({scorer.name, scorer.shots, input.users, scorer.found.log_loss});
  }
  return people;
}

void add_calibration_verdicts(nlohmann::json& tables, std::span<const NamedRun> runs,
                              std::span<const std::size_t> shots, VerdictRules rules) {
  if (runs.empty()) return;
  rules.smallest_effect = 0.0;
  std::vector<std::string> names;
  std::vector<const std::vector<UserKey>*> users;
  std::vector<std::vector<double>> first, second;
  const NamedRun& reference = runs.front();
  for (const NamedRun& run : runs.subspan(1)) {
    if (!same_training(reference, run)) continue;
    for (const bool prior : {false, true}) {
      for (const std::size_t k : shots) {
        const CalibratedPeople *mine = head_of(reference, k, prior), *theirs = head_of(run, k, prior);
        if (mine == nullptr || theirs == nullptr || mine->users != theirs->users) continue;
        names.push_back(fmt::format("{} - {}, k = {}{}", variant_of(reference), variant_of(run), k,
                                    prior ? ", with item prior" : ""));
        users.push_back(&mine->users);
        first.push_back(likelihoods(*mine));
        second.push_back(likelihoods(*theirs));
      }
    }
  }
  std::vector<CheckpointComparison> family;
  for (std::size_t i = 0; i < names.size(); ++i) family.push_back({names[i], *users[i], first[i], second[i]});
  if (family.empty()) return;
  TableBuilder table =
      verdict_table("verdict-calibration", "Which run's probabilities of a like are better",
                    "log likelihood of a pair of newcomer and item (log loss with its sign turned: larger is better), "
                    "of every newcomer "
                    "over all candidates, paired by newcomer; these checkpoints; Holm over this table");
  for (const Judgement& judgement : judge_checkpoints(family, rules)) table.row(to_json(judgement));
  tables.push_back(table.take());
}

}  // namespace coldframe
