#include "framework/simulation/user_model_registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/cascade.h"
#include "framework/simulation/dependent_click.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/iterated_logit.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/position_based.h"

namespace coldframe {

void UserModelRegistry::add(UserModelEntry entry) {
  if (entries_.contains(entry.name)) {
    throw ConfigError(fmt::format("user model '{}'", entry.name), "there is one of this name", "choose another name");
  }
  std::string name = entry.name;
  entries_.emplace(std::move(name), std::move(entry));
}

const UserModelEntry& UserModelRegistry::require(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  throw ConfigError(fmt::format("simulation.user_model = {}", name), "there is no such user model",
                    fmt::format("use one of {}", fmt::join(names(), ", ")));
}

std::vector<std::string> UserModelRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

void add_builtin_user_models(UserModelRegistry& registry) {
  registry.add({"mnl", "multinomial logit: one click at most, from the page as a whole",
                [](const SimulationOptions&, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                  return std::make_unique<MultinomialLogit>(scale);
                }});
  registry.add({"iterated_logit", "the same question again over what is left (Plackett-Luce, cut)",
                [](const SimulationOptions& options, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                  return std::make_unique<IteratedLogit>(scale, static_cast<std::size_t>(options.iterated_picks));
                }});
  registry.add({"pbm", "position-based: examined by position, clicked by attraction",
                [](const SimulationOptions& options, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                  return std::make_unique<PositionBased>(scale, options.pbm_decay);
                }});
  registry.add({"cascade", "read from the top to the first click",
                [](const SimulationOptions&, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                  return std::make_unique<Cascade>(scale);
                }});
  registry.add(
      {"dcm", "dependent click: read on after a click with a chance that falls by position",
       [](const SimulationOptions& options, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
         return std::make_unique<DependentClick>(scale, DependentClickOptions{options.dcm_continue, options.dcm_decay});
       }});
  registry.add({"dbn", "dynamic Bayesian network: a click can satisfy and end the page",
                [](const SimulationOptions& options, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                  return std::make_unique<DynamicBayesian>(
                      scale, DynamicBayesianOptions{options.dbn_continue, options.dbn_satisfaction,
                                                    options.dbn_satisfaction_gain});
                }});
}

ConfigError unknown_user_model(std::string_view name) {
  return ConfigError(fmt::format("simulation.user_model = {}", name), "there is no such user model",
                     fmt::format("use one of {}", fmt::join(builtin_user_models().names(), ", ")));
}

const UserModelRegistry& builtin_user_models() {
  static const UserModelRegistry registry = [] {
    UserModelRegistry made;
    add_builtin_user_models(made);
    return made;
  }();
  return registry;
}

std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale,
                                           const UserModelRegistry& registry) {
  return registry.require(options.user_model).make(options, scale);
}

std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale) {
  return make_user_model(options, scale, builtin_user_models());
}

}  // namespace coldframe
