#include "framework/cli/simulation_guards.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "framework/cli/named_policies.h"
#include "framework/cli/program.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/simulation/role_guard.h"

namespace coldframe {

void SimulationGuards::require_strangers(const StoredRun& run) const {
  const SimulationOptions& simulation = experiment.simulation;
  const RunRecord& record = run.record();
  if (record.summary.at("identity").at("data") != data.checksum && simulation.roles != "closed_world") {
    throw DataError(
        fmt::format("{} was trained on other data than {}", run.folder().path.string(), experiment.data.path),
        "their people cannot be told apart", "use one store, or simulation.roles = closed_world for simulated logs");
  }
  const std::string& texts = population.observables.evaluation_template;
  if (!texts.empty() && run.experiment().text.user == texts) {
    throw ConfigError(
        fmt::format("{} was trained on the template of the population's newcomers", run.folder().path.string()),
        "evaluation templates are disjoint from training templates", "make a population with another user_template");
  }
  if (simulation.roles != "closed_world") require_new_items_unknown(run);
  const VocabularyDriftOptions& words = experiment.vocabulary_drift;
  if (!words.user_template.empty() && run.experiment().text.user == words.user_template) {
    throw ConfigError(
        fmt::format("vocabulary_drift.user_template is what {} was trained on", run.folder().path.string()),
        "its words would not change for that run", "write another sentence");
  }
  const std::string owner = fmt::format("run {}", run.folder().path.string());
  const RoleMembers learned[] = {
      {owner, Role::train, record.summary.at("roles").at("train"), record.train_users},
      {owner, Role::validate, record.summary.at("roles").at("validate"), record.validate_users}};
  require_disjoint_roles(learned, population.world_users,
                         simulation.roles == "closed_world" ? WorldMode::closed_world : WorldMode::open);
}

void SimulationGuards::require_new_items_unknown(const StoredRun& run) const {
  const DataOptions &mine = experiment.data, &theirs = run.experiment().data;
  const bool same_hash = mine.roles.seed == theirs.roles.seed;
  if (mine.new_item_share == 0 || (same_hash && theirs.new_item_share >= mine.new_item_share)) return;
  throw DataError(fmt::format("{} may have learned likes of items that are new here", run.folder().path.string()),
                  fmt::format("data.new_item_share = {} with role_seed {}, and {} with role_seed {} in training",
                              mine.new_item_share, mine.roles.seed, theirs.new_item_share, theirs.roles.seed),
                  "train with the same data.new_item_share and role_seed");
}

void SimulationGuards::require_baselines_are_strangers() const {
  const SimulationOptions& simulation = experiment.simulation;
  const auto learns = [](const std::string& policy) {
    return learns_from_people(policy_named(policy, "simulation.policies", &own_policies()));
  };
  if (std::ranges::none_of(simulation.policies, learns)) return;
  const RoleMembers learned[] = {
      role_members(data.dataset, data.roles, Role::train, fmt::format("baselines on {}", experiment.data.path))};
  require_disjoint_roles(learned, population.world_users,
                         simulation.roles == "closed_world" ? WorldMode::closed_world : WorldMode::open);
}

void SimulationGuards::require_countable_periods(std::uint64_t last) const {
  const auto users = static_cast<std::uint64_t>(population.observables.users_per_period);
  if (last / users <= std::numeric_limits<std::uint32_t>::max()) return;
  throw ConfigError(fmt::format("newcomer {} arrives in period {}", last, last / users),
                    fmt::format("periods are counted up to {}", std::numeric_limits<std::uint32_t>::max()),
                    "lower simulation.first_user, or make a population with more users_per_period");
}

void SimulationGuards::warn_of_changes_to_come() const {
  const SimulationOptions& simulation = experiment.simulation;
  const std::int64_t users = population.observables.users_per_period;
  const std::int64_t last = (simulation.first_user + simulation.users - 1) / users;
  const auto warn = [&](const char* section, bool active, std::int64_t at) {
    if (!active || at <= last) return;
    log_warning(
        "{}.at_period = {} (the last newcomer arrives in period {}, with {} to a period) nobody meets the change: "
        "simulate more users, or make a population with a smaller users_per_period",
        section, at, last, users);
  };
  warn("world_drift", experiment.world_drift.drift() != DriftKind::none, experiment.world_drift.at_period);
  warn("mix_drift", experiment.mix_drift.active(), experiment.mix_drift.at_period);
  warn("vocabulary_drift", experiment.vocabulary_drift.active(), experiment.vocabulary_drift.at_period);
}

}  // namespace coldframe
