#include "framework/cli/logged_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "framework/cli/program.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"
#include "framework/simulation/log_replay.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {
namespace {

constexpr const char* k_where = "--policy";

AttributeColumn missing_column(const AttributeColumn& real, std::size_t rows) {
  AttributeColumn column{real.name, real.kind, {}, {}, {}};
  if (real.kind == AttributeKind::number) {
    column.numbers.assign(rows, std::numeric_limits<double>::quiet_NaN());
  } else if (real.kind == AttributeKind::multi) {
    column.values.resize(rows);
  } else {
    column.texts.resize(rows);
  }
  return column;
}

/// Everybody in the log; a file may also hold simulated users whom this log left out.
PolicyFileUsers logged_users(const Dataset& log) {
  PolicyFileUsers users;
  for (std::uint32_t u = 0; u < log.users.size(); ++u) {
    users.asked.emplace_back(log.users.ids[u], logged_user_key(log, UserId(u)));
  }
  users.known = [](std::string_view id) { return simulated_user_number(id).has_value(); };
  users.wording = "the ids of the users in the log";
  return users;
}

}  // namespace

EntityTable users_like(const EntityTable& logged, const EntityTable& real_users) {
  EntityTable table;
  table.ids = logged.ids;
  for (const AttributeColumn& real : real_users.columns) {
    const AttributeColumn* column = logged.find(real.name);
    const bool fits = column != nullptr && column->kind == real.kind;
    table.columns.push_back(fits ? *column : missing_column(real, logged.size()));
  }
  return table;
}

LoggedTargets::LoggedTargets(const EncoderContestant::Setting& setting, const Dataset& log,
                             std::span<const std::string> policies, std::span<const std::unique_ptr<StoredRun>> runs)
    : named_({setting.data, setting.profiles, setting.catalogue, static_cast<std::uint64_t>(setting.options.seed),
              setting.search, [&log] { return logged_users(log); }}) {
  std::vector<PolicyName> around_encoders;
  for (const std::string& text : policies) {
    const PolicyName name = policy_named(text, k_where, &own_policies());
    if (name.onboarding) {
      throw ConfigError(fmt::format("{} = {}", k_where, text), "people of a log cannot be asked anything",
                        "leave out onboard:..., or simulate it");
    }
    if (name.ads) {
      throw ConfigError(fmt::format("{} = {}", k_where, text), "sold places stay as the log filled them",
                        fmt::format("ask about {}, for the places that were not sold", name.without_ads()));
    }
    if (name.fresh) {
      throw ConfigError(fmt::format("{} = {}", k_where, text), "which items were new is not in a log",
                        "leave out fresh:, or simulate it");
    }
    if (name.of_run() && !name.bandit()) {
      around_encoders.push_back(name);
    } else if (auto policy = name.bandit() ? nullptr : named_.make(name)) {
      policies_.push_back(std::move(policy));
    } else {
      throw ConfigError(fmt::format("{} = {}", k_where, text),
                        "it knows the world, or learns while it is simulated: a log holds neither", "simulate it");
    }
  }
  if (!around_encoders.empty() && runs.empty()) {
    throw ConfigError(fmt::format("{} = {}", k_where, around_encoders.front().text), "there is no run to take it from",
                      "give --run");
  }
  for (const std::unique_ptr<StoredRun>& run : runs) {
    encoders_.push_back(std::make_unique<EncoderContestant>(run->name(), run->load_learner(), run->experiment(),
                                                            run->scale(), setting));
    policies_.push_back(encoders_.back()->policy());
    for (const PolicyName& name : around_encoders) {
      const std::string called = name.around(name.with_prior() ? run->name() + " + item prior" : run->name());
      std::shared_ptr<const Policy> policy = encoders_.back()->policy();
      if (name.with_prior()) {
        policy = encoders_.back()->policy_with_prior(called, run->item_prior_weight(), training_prior(setting.data));
      }
      policies_.push_back(named_.randomised(name, std::move(policy), called));
    }
  }
  require_names_differ();
}

void LoggedTargets::require_names_differ() const {
  std::set<std::string> names;
  for (const std::shared_ptr<const Policy>& policy : policies_) {
    if (names.insert(policy->name()).second) continue;
    throw ConfigError(fmt::format("two policies are named '{}'", policy->name()), "estimates are told apart by name",
                      "ask once");
  }
}

std::unordered_set<std::uint64_t> teachers(const ExperimentData& data, std::span<const std::string> policies,
                                           std::span<const std::unique_ptr<StoredRun>> runs) {
  std::unordered_set<std::uint64_t> keys;
  const auto learns = [](const std::string& text) {
    return learns_from_people(policy_named(text, k_where, &own_policies()));
  };
  if (std::ranges::any_of(policies, learns)) {
    for (const Role role : {Role::train, Role::validate}) {
      for (const UserId user : data.roles.users(role)) keys.insert(data.dataset.user_key(user).value());
    }
  }
  for (const std::unique_ptr<StoredRun>& run : runs) {
    keys.insert(run->record().train_users.begin(), run->record().train_users.end());
    keys.insert(run->record().validate_users.begin(), run->record().validate_users.end());
  }
  return keys;
}

}  // namespace coldframe
