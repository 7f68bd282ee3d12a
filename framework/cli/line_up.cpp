#include "framework/cli/line_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "framework/cli/training_users.h"
#include "framework/comm/agreement.h"
#include "framework/core/error.h"
#include "framework/simulation/baseline_policy.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/linear_bandit.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {
namespace {

constexpr double k_usual_scale = 20.0;  // 1 / temperature of an encoder that was never trained here

std::string role_of(const PolicyName& name) {
  if (name.onboarding && name.onboarding->chooser == "gain") return "ceiling";
  if (name.ads == "oracle") return "ceiling";
  if (name.of_run()) return "strategy";
  return name.base == "random" ? "floor" : "baseline";
}

/// Of a rule that needs no latents.
AdRule ad_rule(std::string_view name) {
  if (name == "random") return AdRule::random;
  if (name == "price") return AdRule::price;
  return name == "revenue" ? AdRule::revenue : AdRule::optimal;
}

std::vector<PolicyName> names_of(const SimulationOptions& options) {
  std::vector<PolicyName> names;
  for (const std::string& text : options.policies) {
    names.push_back(policy_named(text, "simulation.policies", options.own_policies));
  }
  return names;
}

/// Newcomers by the ids that logs give them. Before one who is alone come those from whom bandits learned.
PolicyFileUsers replayed_users(const SimulationOptions& options, std::optional<std::uint64_t> alone,
                               std::uint64_t users_per_period) {
  const auto first = static_cast<std::uint64_t>(options.first_user);
  const bool learning = std::ranges::any_of(names_of(options), &PolicyName::bandit);
  const std::uint64_t taught = alone && learning ? *alone / users_per_period * users_per_period : first;
  const std::uint64_t end = alone ? taught : first + static_cast<std::uint64_t>(options.users);
  PolicyFileUsers users;
  const auto add = [&](std::uint64_t number) { users.asked.emplace_back(simulated_user_id(number), UserKey(number)); };
  for (std::uint64_t number = first; number < end; ++number) add(number);
  if (alone) add(*alone);
  users.known = [](std::string_view id) { return simulated_user_number(id).has_value(); };
  users.wording = "newcomer 12 as sim-12";
  return users;
}

/// Before anything is encoded: results are told apart by name.
void require_runs_differ(std::span<const std::unique_ptr<StoredRun>> runs) {
  std::set<std::string> names = {"frozen encoder"};
  for (const std::unique_ptr<StoredRun>& run : runs) {
    if (names.insert(run->name()).second) continue;
    throw ConfigError(fmt::format("--run {} is named '{}'", run->folder().path.string(), run->name()),
                      "another contestant has this name, and results are told apart by name",
                      "simulate seeds of a variant one by one");
  }
}

}  // namespace

LineUp::LineUp(const Setting& setting, std::span<const std::unique_ptr<StoredRun>> runs)
    : setting_(setting),
      profiles_(pool_attributes(setting.population.observables, setting.encoders.data.dataset.users)),
      named_({setting.encoders.data, profiles_, setting.encoders.catalogue,
              static_cast<std::uint64_t>(setting.encoders.options.seed), setting.encoders.search,
              [options = setting.encoders.options, alone = setting.alone,
               period = setting.population.observables.users_per_period] {
                return replayed_users(options, alone, static_cast<std::uint64_t>(period));
              }}),
      choosers_({setting.encoders.data, setting.encoders.catalogue, setting.newcomers, setting.user_model,
                 oracle_options(), static_cast<std::size_t>(setting.onboarding.classes)}) {
  const std::vector<PolicyName> names = names_of(setting.encoders.options);
  agree_on_errors(setting.encoders.group, "make policies", [&] {
    require_runs_differ(runs);
    if (names.empty() && runs.empty()) {
      throw ConfigError("simulation.policies is empty", "nobody would be in the race",
                        "name a policy, as popularity, or give --run");
    }
    for (const PolicyName& name : names) {
      if (name.bandit()) require_periods(name);
      if (!name.of_run()) {
        add_named(name);
        continue;
      }
      if (runs.empty()) {
        throw ConfigError(fmt::format("simulation.policies holds '{}'", name.text), "there is no run to take it from",
                          "give --run");
      }
      setting_.encoders.profile_vectors |= name.bandit();
      if (!name.with_prior()) continue;
      for (const std::unique_ptr<StoredRun>& run : runs) std::ignore = run->item_prior_weight();
    }
  });
  if (!runs.empty()) {
    add_encoder("frozen encoder", runs.front()->load_pretrained(), *runs.front(), k_usual_scale, "baseline");
  }
  for (const std::unique_ptr<StoredRun>& run : runs) {
    add_encoder(run->name(), run->load_learner(), *run, run->scale(), "strategy");
    for (const PolicyName& name : names) {
      if (name.of_run()) add_of_run(name, *run);
    }
  }
}

std::vector<std::string> LineUp::names() const {
  std::vector<std::string> names;
  for (const Contestant& contestant : contestants_) names.push_back(contestant.name());
  return names;
}

PolicyKind LineUp::kind(std::size_t contestant) const { return contestants_[contestant].kind(); }

void LineUp::add_named(const PolicyName& name) {
  if (name.base == "informed_oracle") return add_informed_oracle(name);
  if (name.bandit()) return add_bandit(name, name.text, {attribute_features()});
  if (name.base != "oracle") return add(name, named_.make(name), name.text, role_of(name));
  const auto seed = static_cast<std::uint64_t>(setting_.encoders.options.seed);
  oracle_ = std::make_unique<LatentOracle>(name.base, setting_.user_model, setting_.encoders.catalogue.ties(seed));
  contestants_.emplace_back(*oracle_);
  roles_.emplace_back("ceiling");
}

InformedOracleOptions LineUp::oracle_options() const {
  const SimulationOptions& simulation = setting_.encoders.options;
  return {.draws = static_cast<std::size_t>(simulation.oracle_draws),
          .close_candidates = static_cast<std::size_t>(simulation.oracle_candidates),
          .seed = static_cast<std::uint64_t>(simulation.seed),
          .dynamics = &setting_.dynamics,
          .answers = setting_.answers,
          .catalogue = &setting_.encoders.catalogue,
          .search = setting_.search};
}

void LineUp::add_informed_oracle(const PolicyName& name) {
  const InformedOracleOptions options = oracle_options();
  auto oracle = std::make_shared<InformedOracle>("informed oracle", setting_.newcomers, setting_.user_model,
                                                 setting_.encoders.catalogue.ties(options.seed), options);
  if (name.plain()) return add(name, std::move(oracle), name.text, "ceiling");
  add(name, named_.randomised(name, std::move(oracle), name.text), name.text, role_of(name));
}

void LineUp::add(const PolicyName& name, std::shared_ptr<const Policy> policy, const std::string& called,
                 std::string role) {
  std::optional<Interview> interview;
  if (name.onboarding) {
    interview = {choosers_.make(name.onboarding->chooser), name.onboarding->questions, setting_.answers};
  }
  if (name.ads == "oracle") {
    ad_oracles_.push_back(std::make_unique<SponsoredOracle>(called, std::move(policy), ad_setting()));
    interviews_.push_back(interview ? std::make_unique<const Interview>(*interview) : nullptr);
    contestants_.emplace_back(*ad_oracles_.back(), interviews_.back().get());
    roles_.push_back(std::move(role));
    return;
  }
  if (name.ads) policy = std::make_shared<SponsoredPolicy>(called, std::move(policy), ad_rule(*name.ads), ad_setting());
  if (!interview) return add(std::move(policy), std::move(role));
  auto onboarded = std::make_shared<const OnboardedPolicy>(called, std::move(policy), *interview);
  contestants_.emplace_back(*onboarded);
  policies_.push_back(std::move(onboarded));
  roles_.push_back(std::move(role));
}

AdSetting LineUp::ad_setting() const {
  const Catalogue& catalogue = setting_.encoders.catalogue;
  const auto seed = static_cast<std::uint64_t>(setting_.encoders.options.seed);
  return {*setting_.ads,
          setting_.user_model,
          estimated_utilities(popularity(setting_.encoders.data)),
          catalogue.ties(seed),
          seed,
          catalogue};
}

void LineUp::add_of_run(const PolicyName& name, const StoredRun& run) {
  EncoderContestant& encoder = *encoders_.back();
  const std::string called = name.around(name.with_prior() ? run.name() + " + item prior" : run.name());
  const SimulationOptions& simulation = setting_.encoders.options;
  if (name.bandit()) {
    encoder_features_.push_back(std::make_unique<VectorTable>(
        encoder_features(encoder.profile_vectors(), static_cast<std::size_t>(simulation.bandit_dimension),
                         static_cast<std::uint64_t>(simulation.seed))));
    return add_bandit(name, called, {*encoder_features_.back(), setting_.encoders.words});
  }
  std::shared_ptr<const Policy> policy = encoder.policy();
  if (name.with_prior()) {
    policy = encoder.policy_with_prior(called, run.item_prior_weight(), training_prior(setting_.encoders.data));
  }
  add(name, named_.randomised(name, std::move(policy), called), called, role_of(name));
}

void LineUp::require_periods(const PolicyName& name) const {
  const SimulationOptions& simulation = setting_.encoders.options;
  const std::int64_t period = setting_.population.observables.users_per_period;
  if (simulation.first_user / period == (simulation.first_user + simulation.users - 1) / period) {
    throw ConfigError(fmt::format("simulation.policies holds '{}'", name.text),
                      fmt::format("it learns between periods, and all {} users arrive in one", simulation.users),
                      fmt::format("simulate more than {} users, or make a population with fewer per period", period));
  }
}

const VectorTable& LineUp::attribute_features() {
  if (features_ == nullptr) {
    const SimulationOptions& simulation = setting_.encoders.options;
    features_ = std::make_unique<VectorTable>(profile_features(setting_.population.observables,
                                                               static_cast<std::size_t>(simulation.bandit_dimension),
                                                               static_cast<std::uint64_t>(simulation.seed)));
  }
  return *features_;
}

void LineUp::add_bandit(const PolicyName& name, const std::string& called, const BanditSight& sees) {
  const SimulationOptions& simulation = setting_.encoders.options;
  const BanditRule rule = name.bandit_rule == "bandit_greedy" ? BanditRule::greedy
                          : name.bandit_rule == "bandit_ucb"  ? BanditRule::ucb
                                                              : BanditRule::thompson;
  const BanditOptions options{rule, simulation.bandit_ridge, simulation.bandit_width,
                              static_cast<std::uint64_t>(simulation.seed), sees.words};
  auto bandit = std::make_shared<LinearBandit>(called, sees.features, setting_.encoders.catalogue, options);
  online_.push_back({contestants_.size(), bandit.get()});
  add(name, named_.randomised(name, std::move(bandit), called), called, role_of(name));
}

void LineUp::add(std::shared_ptr<const Policy> policy, std::string role) {
  policies_.push_back(std::move(policy));
  contestants_.emplace_back(*policies_.back());
  roles_.push_back(std::move(role));
}

void LineUp::add_encoder(std::string name, std::unique_ptr<Learner> learner, const StoredRun& run, double scale,
                         std::string role) {
  encoders_.push_back(std::make_unique<EncoderContestant>(std::move(name), std::move(learner), run.experiment(), scale,
                                                          setting_.encoders));
  add(encoders_.back()->policy(), std::move(role));
}

}  // namespace coldframe
