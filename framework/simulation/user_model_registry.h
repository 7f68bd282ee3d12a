#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/simulation/simulation_options.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// A user model by name: how to make it from `[simulation]` and a solved choice scale.
struct UserModelEntry {
  std::string name;     // "mnl"
  std::string summary;  // one line
  std::function<std::unique_ptr<UserModel>(const SimulationOptions&, const ChoiceScale&)> make;
};

/// The user models that a program knows. Those of this layer are always there to begin with; whoever builds against the
/// installed libraries adds their own, and hands the registry to what makes user models.
class UserModelRegistry {
 public:
  /// Throws ConfigError for a name that is taken.
  void add(UserModelEntry entry);
  /// Throws ConfigError that lists the known names.
  const UserModelEntry& require(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, UserModelEntry, std::less<>> entries_;
};

/// mnl, iterated_logit, pbm, cascade, dcm and dbn.
void add_builtin_user_models(UserModelRegistry& registry);
const UserModelRegistry& builtin_user_models();

/// The user model that `options.user_model` names.
std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale,
                                           const UserModelRegistry& registry);

}  // namespace coldframe
