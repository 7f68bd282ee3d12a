#include "framework/cli/experiment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/program.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/reporting/acceptance.h"
#include "framework/simulation/policy_name.h"
#include "framework/simulation/user_model_registry.h"

namespace coldframe {
namespace {

template <class Registry>
std::vector<FamilyKind> family_kinds(const Registry& registry) {
  std::vector<FamilyKind> kinds;
  for (const std::string& kind : registry.kinds()) {
    const auto& entry = registry.require(kind);
    kinds.push_back({entry.kind, entry.summary, entry.make_options});
  }
  return kinds;
}

/// Makes the instance section of that name, or the kind of that name with its defaults.
template <class Registry>
auto make_named(const Registry& registry, const ResolvedConfig& config, const std::string& family,
                const std::string& name) {
  for (const ConfigInstance& instance : config.instances(family)) {
    if (instance.name == name) return registry.require(instance.kind).make(*instance.options);
  }
  std::vector<std::string> known = registry.kinds();
  if (std::ranges::find(known, name) == known.end()) {
    for (const ConfigInstance& instance : config.instances(family)) known.push_back(instance.name);
    throw ConfigError(fmt::format("{}.use names {}", family, name),
                      fmt::format("neither a kind nor a section [{}.{}]", family, name), suggest_name(name, known));
  }
  const auto& entry = registry.require(name);
  return entry.make(*entry.make_options());
}

}  // namespace

Experiment::Experiment() {
  encoder.normalize = "yes";  // objectives and rankings take dot products for cosines, whatever the folder says
  simulation.own_policies = &own_policies();
  add_builtin_strategies(strategies);
  add_builtin_objectives(objectives);
  if (extensions().strategies) extensions().strategies(strategies);
  if (extensions().objectives) extensions().objectives(objectives);
}

void Experiment::add_to(ConfigSchema& schema) {
  schema.section("experiment", "names and seeds of a run", experiment);
  schema.section("data", "the data set, who is what, what counts as a like", data);
  schema.section("poisoning", "fake users and label noise in the log that training reads", poisoning);
  schema.section("text", "how users and items become texts", text);
  schema.section("encoder", "the pretrained encoder", encoder);
  schema.section("strategy", "how the encoder is fine-tuned", strategy);
  schema.family("strategy", "options of a strategy", family_kinds(strategies));
  schema.section("objective", "the loss", objective);
  schema.family("objective", "options of a loss", family_kinds(objectives));
  schema.section("training", "training views and early stopping", training);
  schema.section("fairness", "groups of users whose losses training evens out", fairness);
  schema.section("adversarial", "perturbed word embeddings that climb the loss (FreeLB)", adversarial);
  schema.section("batch", "how a step is cut", batch);
  schema.section("optimizer", "AdamW", optimizer);
  schema.section("schedule", "length of the run and learning rate over it", schedule);
  schema.section("prefix_cache", "layers that are never trained, computed once per text", prefix_cache);
  schema.section("distributed", "ranks, threads, deadlines", distributed, Effect::operation);
  schema.section("checkpoint", "when state is saved", checkpoint, Effect::operation);
  schema.section("continual", "a stream of tasks learned one after the other", continual);
  schema.section("evaluation", "the k-shot table of real newcomers", evaluation);
  schema.section("population", "worlds fitted on role W, and the law of newcomers", population, Effect::operation);
  schema.section("simulation", "which newcomers meet which policies", simulation, Effect::operation);
  schema.section("dynamics", "how simulated users change while they use the platform", dynamics, Effect::operation);
  schema.section("onboarding", "how newcomers answer questions before the first page", onboarding, Effect::operation);
  schema.section("search", "sessions of simulated users that begin with a query", search, Effect::operation);
  schema.section("ads", "places of simulated pages that are sold", ads, Effect::operation);
  schema.section("world_drift", "how the tastes of newcomers change over periods", world_drift, Effect::operation);
  schema.section("mix_drift", "how the mix of newcomers changes over periods", mix_drift, Effect::operation);
  schema.section("catalogue_churn", "items that come and go over periods", catalogue_churn, Effect::operation);
  schema.section("vocabulary_drift", "how the words of profiles change over periods", vocabulary_drift,
                 Effect::operation);
  add_expect_section(schema);
  schema.rule([](const ResolvedConfig& config) {
    std::vector<Problem> problems;
    for (const FreeValue& bound : config.free_values("expect")) {
      if (auto problem = expectation_problem(bound)) problems.push_back(std::move(*problem));
    }
    return problems;
  });
  schema.rule([this](const ResolvedConfig&) {
    std::vector<Problem> problems;
    UserModelRegistry user_models;
    add_builtin_user_models(user_models);
    if (extensions().user_models) extensions().user_models(user_models);
    const std::vector<std::string> known = user_models.names();
    if (std::ranges::find(known, simulation.user_model) == known.end()) {
      problems.push_back({"simulation.user_model",
                          fmt::format("(there is no such user model) use one of {}", fmt::join(known, ", "))});
    }
    if (data.path.empty())
      problems.push_back({"data.path", "(is missing) give the store that `coldframe import` wrote"});
    if (objective.use == "mnrl" && batch.extra_items != 0) {
      problems.push_back({"batch.extra_items", "(mnrl knows no extra items) set it to 0"});
    }
    if (continual.active() && !training.text_noise.empty()) {
      problems.push_back(
          {"training.text_noise", "(tasks read the texts as they are) leave it empty, or set continual.method = none"});
    }
    if (continual.active() && poisoning.active()) {
      problems.push_back({poisoning.attacks() ? "poisoning.attack" : "poisoning.label_noise",
                          "(tasks read the log as it is) set it to none, or set continual.method = none"});
    }
    if (continual.active() && fairness.active()) {
      problems.push_back(
          {"fairness.group", "(tasks weigh all users alike) leave it empty, or set continual.method = none"});
    }
    if (continual.active() && adversarial.active()) {
      problems.push_back(
          {"adversarial.steps", "(tasks read the texts as they are) set it to 0, or set continual.method = none"});
    }
    if (prefix_cache.use && adversarial.active()) {
      problems.push_back({"adversarial.steps",
                          "(perturbed words leave something else in every layer) set it to 0, or prefix_cache.use = "
                          "false"});
    }
    if (prefix_cache.use && strategy.frozen_dropout) {
      problems.push_back({"prefix_cache.use",
                          "(layers with dropout leave something else at every step) set strategy.frozen_dropout = "
                          "false, or prefix_cache.use = false"});
    }
    for (Problem& problem : continual_problems()) problems.push_back(std::move(problem));
    for (Problem& problem : ads_problems()) problems.push_back(std::move(problem));
    if (continual.active() && data.new_item_share > 0) {
      problems.push_back(
          {"data.new_item_share", "(tasks learn of every item) set it to 0, or set continual.method = none"});
    }
    if (catalogue_churn.arrives() && data.new_item_share == 0) {
      problems.push_back({catalogue_churn.arrive_at_period > 0 ? "catalogue_churn.arrive_at_period"
                                                               : "catalogue_churn.arrive_over_periods",
                          "(no item is new) set data.new_item_share, for example to 0.1"});
    }
    if (world_drift.drift() != DriftKind::none && (dynamics.taste_drift > 0 || dynamics.satiation > 0)) {
      problems.push_back({"world_drift.kind",
                          "(tastes that move with clicks need one law of taste) set dynamics.taste_drift and "
                          "dynamics.satiation to 0, or kind = none"});
    }
    return problems;
  });
}

std::vector<Problem> Experiment::continual_problems() const {
  std::vector<Problem> problems;
  if (!continual.active()) return problems;
  if (training.validate_every > 0) {
    problems.push_back({"training.validate_every",
                        "(the best step of a stream of tasks is not defined) set it to 0; tasks are measured on role V "
                        "with continual.tested = validate"});
  }
  if (continual.shots > evaluation.masked) {
    problems.push_back({"continual.shots", "(more than evaluation.masked, so targets would be shown) lower it"});
  }
  if (schedule.steps < 1 && continual.trains()) {
    problems.push_back({"schedule.steps", "(every task takes so many steps) must be at least 1"});
  }
  return problems;
}

std::vector<Problem> Experiment::ads_problems() const {
  const auto shows_ads = [](const std::string& policy) { return parse_policy_name(policy).name.ads.has_value(); };
  const auto showing = std::ranges::find_if(simulation.policies, shows_ads);
  if (!ads.active() && showing != simulation.policies.end()) {
    return {{"simulation.policies",
             fmt::format("holds '{}' (no place is sold) set ads.positions, for example to 3", *showing)}};
  }
  if (!ads.active()) return {};
  if (showing == simulation.policies.end()) {
    return {
        {"ads.positions", "(no policy shows ads) add one to simulation.policies, for example ads:optimal:popularity"}};
  }
  const std::int64_t last = *std::ranges::max_element(ads.positions);
  if (last > simulation.slate_size) {
    return {{"ads.positions", fmt::format("holds {} (pages have {} places, simulation.slate_size) use smaller ones",
                                          last, simulation.slate_size)}};
  }
  if (static_cast<std::int64_t>(ads.positions.size()) == simulation.slate_size) {
    return {{"ads.positions", "(every place of simulation.slate_size is sold) leave one to the policy"}};
  }
  return {};
}

std::string Experiment::variant() const {
  return experiment.variant.empty() ? fmt::format("{}", fmt::join(strategy.use, "+")) : experiment.variant;
}

std::filesystem::path Experiment::run_folder() const {
  return std::filesystem::path(experiment.root) / experiment.name / variant() /
         fmt::format("fold-{}", data.roles.fold) / fmt::format("seed-{}", experiment.seed);
}

StrategySet Experiment::make_strategies(const ResolvedConfig& config) const {
  StrategySet made;
  for (const std::string& name : strategy.use) made.add(name, make_named(strategies, config, "strategy", name));
  return made;
}

std::unique_ptr<Objective> Experiment::make_objective(const ResolvedConfig& config) const {
  return make_named(objectives, config, "objective", objective.use);
}

}  // namespace coldframe
