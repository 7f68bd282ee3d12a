#include "framework/cli/poisoning_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "framework/cli/baseline_rows.h"
#include "framework/cli/trained_settings.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"
#include "framework/core/progress.h"

namespace coldframe {
namespace {

/// What may differ between the two: where a run lies, how it is evaluated, and what this is about.
bool may_differ(const std::string& section) {
  static const std::set<std::string> sections = {"experiment", "evaluation", "expect", "poisoning"};
  return sections.contains(section);
}

/// "[schedule] differs (steps = 24 and 25)"; empty when both were trained alike.
std::string first_difference(const StoredRun& a, const StoredRun& b) {
  nlohmann::json mine = trained_settings(to_json(a.config())), theirs = trained_settings(to_json(b.config()));
  std::set<std::string> sections;
  for (const nlohmann::json* settings : {&mine, &theirs}) {
    for (const auto& [section, values] : settings->items()) sections.insert(section);
  }
  for (const std::string& section : sections) {
    if (may_differ(section)) continue;
    for (nlohmann::json* settings : {&mine, &theirs}) {
      if ((*settings)[section].is_null()) (*settings)[section] = nlohmann::json::object();
    }
    nlohmann::json all = mine[section];
    all.update(theirs[section]);
    for (const auto& [key, value] : all.items()) {
      const nlohmann::json one = mine[section].value(key, nlohmann::json());
      const nlohmann::json other = theirs[section].value(key, nlohmann::json());
      if (one != other) return fmt::format("[{}] differs ({} = {} and {})", section, key, one.dump(), other.dump());
    }
  }
  return {};
}

/// One way to score, trained on both logs.
class Comparison {
 public:
  Comparison(const OpenedRun& poisoned, const OpenedRun& clean, const PoisoningInput& input)
      : poisoned_(poisoned),
        clean_(clean),
        shots_(input.shots),
        k_(input.k),
        ties_(tie_break(clean.experiment(), clean.data())),
        evaluator_(clean.items(), {parse_metric(input.utility_name)}, ties_) {}

  /// Rows of all newcomers; `by_target`, when given, also those of every target by itself.
  std::vector<PushedUser> run(NewcomerScorer& of_poisoned, NewcomerScorer& of_clean,
                              std::vector<PushedTarget>* by_target) {
    const std::vector<ItemId>& targets = poisoned_.data().poisoned.targets;
    std::vector<PushedUser> rows;
    Progress progress("rank items", "newcomers", static_cast<std::int64_t>(clean_.newcomers().users().size()),
                      clean_.clock());
    for (std::size_t u = 0; u < clean_.newcomers().users().size(); ++u) {
      const HeldOutUser& newcomer = clean_.newcomers().users()[u];
      PushedUser row{newcomer.key, {}, {}};
      std::vector<PushedUser> each(targets.size(), row);
      for (const std::size_t side : {0, 1}) {
        const std::vector<float> scores = scores_of(side == 0 ? of_clean : of_poisoned, newcomer);
        evaluator_.evaluate(newcomer.key, scores, newcomer.masked, newcomer.targets, {&row.utility[side], 1});
        row.places[side] = target_places(newcomer.key, scores, newcomer.masked, targets, k_, ties_);
        for (std::size_t t = 0; by_target != nullptr && t < targets.size(); ++t) {
          each[t].places[side] = target_places(newcomer.key, scores, newcomer.masked, {&targets[t], 1}, k_, ties_);
        }
      }
      for (std::size_t t = 0; by_target != nullptr && t < targets.size(); ++t) {
        if (each[t].places[0].targets > 0) (*by_target)[t].users.push_back(each[t]);
      }
      rows.push_back(row);
      progress.advance();
    }
    return rows;
  }

 private:
  std::vector<float> scores_of(NewcomerScorer& scorer, const HeldOutUser& newcomer) const {
    std::vector<float> scores(clean_.items());
    const NewcomerQuery query{newcomer.user, newcomer.key, newcomer.support.first(shots_)};
    scorer.score({&query, 1}, scores);
    return scores;
  }

  const OpenedRun &poisoned_, &clean_;
  std::size_t shots_, k_;
  TieBreak ties_;
  RankingEvaluator evaluator_;
};

void append(PoisoningInput& input, const std::string& name, const std::string& role, std::vector<PushedUser> rows) {
  auto found = std::ranges::find(input.scorers, name, &PoisonedScorer::name);
  if (found == input.scorers.end()) {
    input.scorers.push_back({name, role, {}});
    found = std::prev(input.scorers.end());
  }
  found->users.insert(found->users.end(), rows.begin(), rows.end());
}

std::vector<PushedTarget> described_targets(const OpenedRun& poisoned, const OpenedRun& clean) {
  const ExperimentData& data = clean.data();
  const std::vector<std::uint32_t> likes = data.likes.count_by_item(data.roles.users(Role::train));
  std::vector<PushedTarget> targets;
  for (const ItemId item : poisoned.data().poisoned.targets) {
    targets.push_back({data.dataset.items.ids[item.value()], data.texts.item(item), likes[item.value()], {}});
  }
  return targets;
}

/// Behind the rows that the same item got in the pairs before.
void merge_targets(std::vector<PushedTarget> fresh, std::vector<PushedTarget>& all) {
  for (PushedTarget& target : fresh) {
    const auto found = std::ranges::find(all, target.item, &PushedTarget::item);
    if (found == all.end()) {
      all.push_back(std::move(target));
    } else {
      found->users.insert(found->users.end(), target.users.begin(), target.users.end());
    }
  }
}

EncoderScorer encoder_scorer(const OpenedRun& run, const std::size_t& shots) {
  return EncoderScorer(run.encoder(), run.texts(), run.data(), run.newcomers(), {&shots, 1},
                       run.experiment().evaluation.user_vector_rule());
}

}  // namespace

void require_pair(const StoredRun& poisoned, const StoredRun& clean) {
  const auto refuse = [&](const std::string& why, const char* suggestion) {
    throw DataError(
        fmt::format("cannot set {} beside {}", poisoned.folder().path.string(), clean.folder().path.string()), why,
        suggestion);
  };
  if (!poisoned.experiment().poisoning.active()) {
    refuse("the first was trained on the log as it is", "give a run with poisoning.attack or label_noise behind --run");
  }
  if (clean.experiment().poisoning.active()) {
    refuse("the second was trained on a poisoned log", "give the run without [poisoning] behind --clean");
  }
  if (poisoned.experiment().experiment.seed != clean.experiment().experiment.seed) {
    refuse("they have other training seeds", "pair runs of one experiment.seed");
  }
  const std::string difference = first_difference(poisoned, clean);
  if (!difference.empty()) refuse(difference, "train both with one configuration but for [poisoning]");
}

void add_pair(const OpenedRun& poisoned, const OpenedRun& clean, PoisoningInput& input) {
  Comparison comparison(poisoned, clean, input);
  const std::vector<std::unique_ptr<Baseline>> attacked = make_baselines(poisoned.data()),
                                               untouched = make_baselines(clean.data());
  for (std::size_t b = 0; b < std::min(attacked.size(), untouched.size()); ++b) {
    BaselineScorer first(*attacked[b], poisoned.data().dataset.users, poisoned.items());
    BaselineScorer second(*untouched[b], clean.data().dataset.users, clean.items());
    if (first.minimum_shots() > input.shots || attacked[b]->name() == "random") continue;
    append(input, std::string(attacked[b]->name()), "baseline", comparison.run(first, second, nullptr));
  }
  EncoderScorer first = encoder_scorer(poisoned, input.shots), second = encoder_scorer(clean, input.shots);
  std::vector<PushedTarget> targets = described_targets(poisoned, clean);
  const std::string name = clean.run().name();
  append(input, name, "strategy", comparison.run(first, second, &targets));
  merge_targets(std::move(targets), input.targets);
  const auto weight = poisoned.prior_weight(), other_weight = clean.prior_weight();
  if (!weight || !other_weight) return;
  first.set_prior(poisoned.run().scale(), *weight, training_prior(poisoned.data()));
  second.set_prior(clean.run().scale(), *other_weight, training_prior(clean.data()));
  append(input, name + " + item prior", "strategy", comparison.run(first, second, nullptr));
}

}  // namespace coldframe
